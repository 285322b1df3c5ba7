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
