"""The papers about pictures, each once; the others are in `heedful.papers.table`."""

from heedful.papers.paper import Paper

RESIDUAL_LEARNING = Paper(
    ("Kaiming He", "Xiangyu Zhang", "Shaoqing Ren", "Jian Sun"),
    "Deep Residual Learning for Image Recognition",
    "2016 IEEE Conference on Computer Vision and Pattern Recognition",
    2016,
    "1512.03385",
)

GROUP_NORMALIZATION = Paper(
    ("Yuxin Wu", "Kaiming He"),
    "Group Normalization",
    "15th European Conference on Computer Vision",
    2018,
    "1803.08494",
)

COORD_CONV = Paper(
    (
        "Rosanne Liu",
        "Joel Lehman",
        "Piero Molino",
        "Felipe Petroski Such",
        "Eric Frank",
        "Alex Sergeev",
        "Jason Yosinski",
    ),
    "An Intriguing Failing of Convolutional Neural Networks and the CoordConv Solution",
    "Advances in Neural Information Processing Systems 31",
    2018,
    "1807.03247",
)

RECURRENT_VISUAL_ATTENTION = Paper(
    ("Volodymyr Mnih", "Nicolas Heess", "Alex Graves", "Koray Kavukcuoglu"),
    "Recurrent Models of Visual Attention",
    "Advances in Neural Information Processing Systems 27",
    2014,
    "1406.6247",
)

FULLY_CONVOLUTIONAL_ATTENTION = Paper(
    ("Xiao Liu", "Tian Xia", "Jiang Wang", "Yi Yang", "Feng Zhou", "Yuanqing Lin"),
    "Fully Convolutional Attention Networks for Fine-Grained Recognition",
    "Computing Research Repository",
    2016,
    "1603.06765",
)

LOCALIZING_BY_DESCRIBING = Paper(
    ("Xiao Liu", "Jiang Wang", "Shilei Wen", "Errui Ding", "Yuanqing Lin"),
    "Localizing by Describing: Attribute-Guided Attention Localization for Fine-Grained Recognition",
    "Proceedings of the Thirty-First AAAI Conference on Artificial Intelligence",
    2017,
    "1605.06217",
)
