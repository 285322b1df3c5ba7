"""The papers behind the models and their parts, each once."""

from heedful.papers.paper import Paper

ATTENTION_IS_ALL_YOU_NEED = Paper(
    (
        "Ashish Vaswani",
        "Noam Shazeer",
        "Niki Parmar",
        "Jakob Uszkoreit",
        "Llion Jones",
        "Aidan N. Gomez",
        "Lukasz Kaiser",
        "Illia Polosukhin",
    ),
    "Attention Is All You Need",
    "Advances in Neural Information Processing Systems 30",
    2017,
    "1706.03762",
)

WEIGHTED_TRANSFORMER = Paper(
    ("Karim Ahmed", "Nitish Shirish Keskar", "Richard Socher"),
    "Weighted Transformer Network for Machine Translation",
    "Computing Research Repository",
    2017,
    "1711.02132",
)

ALIGN_AND_TRANSLATE = Paper(
    ("Dzmitry Bahdanau", "Kyunghyun Cho", "Yoshua Bengio"),
    "Neural Machine Translation by Jointly Learning to Align and Translate",
    "3rd International Conference on Learning Representations",
    2015,
    "1409.0473",
)

EFFECTIVE_APPROACHES = Paper(
    ("Minh-Thang Luong", "Hieu Pham", "Christopher D. Manning"),
    "Effective Approaches to Attention-based Neural Machine Translation",
    "Proceedings of the 2015 Conference on Empirical Methods in Natural Language Processing",
    2015,
    "1508.04025",
)

SEQUENCE_TO_SEQUENCE = Paper(
    ("Ilya Sutskever", "Oriol Vinyals", "Quoc V. Le"),
    "Sequence to Sequence Learning with Neural Networks",
    "Advances in Neural Information Processing Systems 27",
    2014,
    "1409.3215",
)

PHRASE_REPRESENTATIONS = Paper(
    (
        "Kyunghyun Cho",
        "Bart van Merrienboer",
        "Caglar Gulcehre",
        "Dzmitry Bahdanau",
        "Fethi Bougares",
        "Holger Schwenk",
        "Yoshua Bengio",
    ),
    "Learning Phrase Representations using RNN Encoder-Decoder for Statistical Machine Translation",
    "Proceedings of the 2014 Conference on Empirical Methods in Natural Language Processing",
    2014,
    "1406.1078",
)

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

ABCNN = Paper(
    ("Wenpeng Yin", "Hinrich Schütze", "Bing Xiang", "Bowen Zhou"),
    "ABCNN: Attention-Based Convolutional Neural Network for Modeling Sentence Pairs",
    "Transactions of the Association for Computational Linguistics 4",
    2016,
    "1512.05193",
)

INFERSENT = Paper(
    ("Alexis Conneau", "Douwe Kiela", "Holger Schwenk", "Loïc Barrault", "Antoine Bordes"),
    "Supervised Learning of Universal Sentence Representations from Natural Language Inference Data",
    "Proceedings of the 2017 Conference on Empirical Methods in Natural Language Processing",
    2017,
    "1705.02364",
)

ESIM = Paper(
    ("Qian Chen", "Xiaodan Zhu", "Zhen-Hua Ling", "Si Wei", "Hui Jiang", "Diana Inkpen"),
    "Enhanced LSTM for Natural Language Inference",
    "Proceedings of the 55th Annual Meeting of the Association for Computational Linguistics",
    2017,
    "1609.06038",
)

DECOMPOSABLE = Paper(
    ("Ankur Parikh", "Oscar Täckström", "Dipanjan Das", "Jakob Uszkoreit"),
    "A Decomposable Attention Model for Natural Language Inference",
    "Proceedings of the 2016 Conference on Empirical Methods in Natural Language Processing",
    2016,
    "1606.01933",
)

GRAMMAR = Paper(
    ("Oriol Vinyals", "Lukasz Kaiser", "Terry Koo", "Slav Petrov", "Ilya Sutskever", "Geoffrey Hinton"),
    "Grammar as a Foreign Language",
    "Advances in Neural Information Processing Systems 28",
    2015,
    "1412.7449",
)

DETERMINISTIC = Paper(
    ("Chunpeng Ma", "Lemao Liu", "Akihiro Tamura", "Tiejun Zhao", "Eiichiro Sumita"),
    "Deterministic Attention for Sequence-to-Sequence Constituent Parsing",
    "Proceedings of the 31st AAAI Conference on Artificial Intelligence",
    2017,
    doi="10.1609/aaai.v31i1.10967",
)

NEURAL_CONVERSATION = Paper(
    ("Oriol Vinyals", "Quoc V. Le"),
    "A Neural Conversational Model",
    "ICML Deep Learning Workshop",
    2015,
    "1506.05869",
)

FRUSTRATINGLY_SHORT = Paper(
    ("Michał Daniluk", "Tim Rocktäschel", "Johannes Welbl", "Sebastian Riedel"),
    "Frustratingly Short Attention Spans in Neural Language Modeling",
    "International Conference on Learning Representations",
    2017,
    "1702.04521",
)

LSTM_LANGUAGE_MODEL = Paper(
    ("Wojciech Zaremba", "Ilya Sutskever", "Oriol Vinyals"),
    "Recurrent Neural Network Regularization",
    "arXiv preprint",
    2014,
    "1409.2329",
)

# ------------------------------------------------------------------------------------------------- of parts of models

NEURAL_TURING_MACHINES = Paper(
    ("Alex Graves", "Greg Wayne", "Ivo Danihelka"), "Neural Turing Machines", "arXiv preprint", 2014, "1410.5401"
)

SHOW_ATTEND_AND_TELL = Paper(
    (
        "Kelvin Xu",
        "Jimmy Ba",
        "Ryan Kiros",
        "Kyunghyun Cho",
        "Aaron Courville",
        "Ruslan Salakhutdinov",
        "Richard Zemel",
        "Yoshua Bengio",
    ),
    "Show, Attend and Tell: Neural Image Caption Generation with Visual Attention",
    "Proceedings of the 32nd International Conference on Machine Learning",
    2015,
    "1502.03044",
)

KNOWING_WHEN_TO_LOOK = Paper(
    ("Jiasen Lu", "Caiming Xiong", "Devi Parikh", "Richard Socher"),
    "Knowing When to Look: Adaptive Attention via A Visual Sentinel for Image Captioning",
    "Proceedings of the IEEE Conference on Computer Vision and Pattern Recognition",
    2017,
    "1612.01887",
)

RAPID_SCENE_ANALYSIS = Paper(
    ("Laurent Itti", "Christof Koch", "Ernst Niebur"),
    "A Model of Saliency-Based Visual Attention for Rapid Scene Analysis",
    "IEEE Transactions on Pattern Analysis and Machine Intelligence",
    1998,
    doi="10.1109/34.730558",
    volume="20(11)",
)

STRAIGHT_THROUGH = Paper(
    ("Yoshua Bengio", "Nicholas Léonard", "Aaron Courville"),
    "Estimating or Propagating Gradients Through Stochastic Neurons for Conditional Computation",
    "arXiv preprint",
    2013,
    "1308.3432",
)

A_STAR_SAMPLING = Paper(
    ("Chris J. Maddison", "Daniel Tarlow", "Tom Minka"),
    "A* Sampling",
    "Advances in Neural Information Processing Systems 27",
    2014,
    "1411.0030",
)

SPARSEMAX = Paper(
    ("André F. T. Martins", "Ramón Fernandez Astudillo"),
    "From Softmax to Sparsemax: A Sparse Model of Attention and Multi-Label Classification",
    "Proceedings of the 33rd International Conference on Machine Learning",
    2016,
    "1602.02068",
)

ENTMAX = Paper(
    ("Ben Peters", "Vlad Niculae", "André F. T. Martins"),
    "Sparse Sequence-to-Sequence Models",
    "Proceedings of the 57th Annual Meeting of the Association for Computational Linguistics",
    2019,
    "1905.05702",
)

LONGFORMER = Paper(
    ("Iz Beltagy", "Matthew E. Peters", "Arman Cohan"),
    "Longformer: The Long-Document Transformer",
    "arXiv preprint",
    2020,
    "2004.05150",
)

LAYER_NORMALIZATION_IN_TRANSFORMERS = Paper(
    (
        "Ruibin Xiong",
        "Yunchang Yang",
        "Di He",
        "Kai Zheng",
        "Shuxin Zheng",
        "Chen Xing",
        "Huishuai Zhang",
        "Yanyan Lan",
        "Liwei Wang",
        "Tie-Yan Liu",
    ),
    "On Layer Normalization in the Transformer Architecture",
    "Proceedings of the 37th International Conference on Machine Learning",
    2020,
    "2002.04745",
)

ROTARY = Paper(
    ("Jianlin Su", "Yu Lu", "Shengfeng Pan", "Ahmed Murtadha", "Bo Wen", "Yunfeng Liu"),
    "RoFormer: Enhanced Transformer with Rotary Position Embedding",
    "arXiv preprint",
    2021,
    "2104.09864",
)

CONVOLUTIONAL_SEQUENCE_TO_SEQUENCE = Paper(
    ("Jonas Gehring", "Michael Auli", "David Grangier", "Denis Yarats", "Yann N. Dauphin"),
    "Convolutional Sequence to Sequence Learning",
    "Proceedings of the 34th International Conference on Machine Learning",
    2017,
    "1705.03122",
)

OUTPUT_EMBEDDING = Paper(
    ("Ofir Press", "Lior Wolf"),
    "Using the Output Embedding to Improve Language Models",
    "Proceedings of the 15th Conference of the European Chapter of the Association for Computational Linguistics",
    2017,
    "1608.05859",
)

MAXOUT = Paper(
    ("Ian J. Goodfellow", "David Warde-Farley", "Mehdi Mirza", "Aaron Courville", "Yoshua Bengio"),
    "Maxout Networks",
    "Proceedings of the 30th International Conference on Machine Learning",
    2013,
    "1302.4389",
)

ALMOST_FROM_SCRATCH = Paper(
    ("Ronan Collobert", "Jason Weston", "Léon Bottou", "Michael Karlen", "Koray Kavukcuoglu", "Pavel Kuksa"),
    "Natural Language Processing (Almost) from Scratch",
    "Journal of Machine Learning Research",
    2011,
    "1103.0398",
    volume="12",
)

CO_ADAPTATION = Paper(
    ("Geoffrey E. Hinton", "Nitish Srivastava", "Alex Krizhevsky", "Ilya Sutskever", "Ruslan R. Salakhutdinov"),
    "Improving neural networks by preventing co-adaptation of feature detectors",
    "arXiv preprint",
    2012,
    "1207.0580",
)

MODELLING_SENTENCES = Paper(
    ("Nal Kalchbrenner", "Edward Grefenstette", "Phil Blunsom"),
    "A Convolutional Neural Network for Modelling Sentences",
    "Proceedings of the 52nd Annual Meeting of the Association for Computational Linguistics",
    2014,
    "1404.2188",
)

BIDIRECTIONAL_FEATURES = Paper(
    ("Eliyahu Kiperwasser", "Yoav Goldberg"),
    "Simple and Accurate Dependency Parsing Using Bidirectional LSTM Feature Representations",
    "Transactions of the Association for Computational Linguistics",
    2016,
    "1603.04351",
    volume="4",
)
