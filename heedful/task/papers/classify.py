"""The papers behind the classifiers."""

from heedful.task.papers.paper import Paper

TEXTCNN = Paper(
    ("Yoon Kim",),
    "Convolutional Neural Networks for Sentence Classification",
    "Proceedings of the 2014 Conference on Empirical Methods in Natural Language Processing",
    2014,
    "1408.5882",
)

TEXTRNN = Paper(
    ("Pengfei Liu", "Xipeng Qiu", "Xuanjing Huang"),
    "Recurrent Neural Network for Text Classification with Multi-Task Learning",
    "Proceedings of the 25th International Joint Conference on Artificial Intelligence",
    2016,
    "1605.05101",
)

ATTENTION_BILSTM = Paper(
    ("Peng Zhou", "Wei Shi", "Jun Tian", "Zhenyu Qi", "Bingchen Li", "Hongwei Hao", "Bo Xu"),
    "Attention-Based Bidirectional Long Short-Term Memory Networks for Relation Classification",
    "Proceedings of the 54th Annual Meeting of the Association for Computational Linguistics",
    2016,
    doi="10.18653/v1/P16-2034",
)

RCNN = Paper(
    ("Siwei Lai", "Liheng Xu", "Kang Liu", "Jun Zhao"),
    "Recurrent Convolutional Neural Networks for Text Classification",
    "Proceedings of the 29th AAAI Conference on Artificial Intelligence",
    2015,
    doi="10.1609/aaai.v29i1.9513",
)

APCNN = Paper(
    ("Meng Joo Er", "Yong Zhang", "Ning Wang", "Mahardhika Pratama"),
    "Attention Pooling-based Convolutional Neural Network for Sentence Modelling",
    "Information Sciences",
    2016,
    doi="10.1016/j.ins.2016.08.084",
    volume="373",
)

HAN = Paper(
    ("Zichao Yang", "Diyi Yang", "Chris Dyer", "Xiaodong He", "Alex Smola", "Eduard Hovy"),
    "Hierarchical Attention Networks for Document Classification",
    "Proceedings of the 2016 Conference of the North American Chapter of the Association for Computational Linguistics",
    2016,
    doi="10.18653/v1/N16-1174",
)

SA_LSTM = Paper(
    ("Andrew M. Dai", "Quoc V. Le"),
    "Semi-supervised Sequence Learning",
    "Advances in Neural Information Processing Systems 28",
    2015,
    "1511.01432",
)

DAN = Paper(
    ("Mohit Iyyer", "Varun Manjunatha", "Jordan Boyd-Graber", "Hal Daumé III"),
    "Deep Unordered Composition Rivals Syntactic Methods for Text Classification",
    "Proceedings of the 53rd Annual Meeting of the Association for Computational Linguistics",
    2015,
    doi="10.3115/v1/P15-1162",
)
