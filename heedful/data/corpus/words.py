"""The vocabulary of the synthetic corpus: one table per part of speech, English forms with their one translation.

`kinds` say which words combine: a verb names the kinds of its objects, an adjective those of its nouns.
"""

from heedful.data.corpus.entry import HE, SHE, Place, adjective, animal, person, thing, verb

NAMES = (
    ("Tom", "汤姆", HE),
    ("Peter", "彼得", HE),
    ("David", "大卫", HE),
    ("Mary", "玛丽", SHE),
    ("Anna", "安娜", SHE),
    ("Lily", "莉莉", SHE),
)

PEOPLE = (
    person("girl", "girls", "女孩", "个", SHE),
    person("woman", "women", "女人", "个", SHE),
    person("queen", "queens", "女王", "位", SHE),
    person("boy", "boys", "男孩", "个", HE),
    person("man", "men", "男人", "个", HE),
    person("king", "kings", "国王", "位", HE),
    person("student", "students", "学生", "个"),
    person("child", "children", "孩子", "个"),
    person("farmer", "farmers", "农民", "个"),
    person("teacher", "teachers", "老师", "位"),
    person("doctor", "doctors", "医生", "位"),
    person("writer", "writers", "作家", "位"),
)

ANIMALS = (
    animal("cat", "cats", "猫", "只"),
    animal("bird", "birds", "鸟", "只"),
    animal("sheep", "sheep", "羊", "只"),
    animal("rabbit", "rabbits", "兔子", "只"),
    animal("goose", "geese", "鹅", "只"),
    animal("dog", "dogs", "狗", "条"),
    animal("snake", "snakes", "蛇", "条"),
    animal("cow", "cows", "牛", "头"),
    animal("elephant", "elephants", "大象", "头"),
    animal("horse", "horses", "马", "匹"),
)

THINGS = (
    thing("book", "books", "书", "本", "text goods gift"),
    thing("novel", "novels", "小说", "本", "text written goods gift"),
    thing("letter", "letters", "信", "封", "text written gift paper"),
    thing("poem", "poems", "诗", "首", "text written"),
    thing("newspaper", "newspapers", "报纸", "份", "text goods paper"),
    thing("map", "maps", "地图", "张", "goods gift paper"),
    thing("ticket", "tickets", "票", "张", "goods gift small paper"),
    thing("photo", "photos", "照片", "张", "gift paper"),
    thing("table", "tables", "桌子", "张", "goods furniture"),
    thing("bed", "beds", "床", "张", "goods furniture"),
    thing("chair", "chairs", "椅子", "把", "goods furniture"),
    thing("knife", "knives", "刀", "把", "goods small"),
    thing("key", "keys", "钥匙", "把", "small"),
    thing("umbrella", "umbrellas", "雨伞", "把", "goods gift small"),
    thing("car", "cars", "汽车", "辆", "goods machine washable"),
    thing("bicycle", "bicycles", "自行车", "辆", "goods machine washable gift"),
    thing("computer", "computers", "电脑", "台", "goods machine bulky"),
    thing("camera", "cameras", "相机", "台", "goods machine small gift"),
    thing("shirt", "shirts", "衬衫", "件", "goods washable gift"),
    thing("coat", "coats", "外套", "件", "goods washable gift"),
    thing("skirt", "skirts", "裙子", "条", "goods washable gift"),
    thing("hat", "hats", "帽子", "顶", "goods washable gift small"),
    thing("pen", "pens", "钢笔", "支", "goods small gift"),
    thing("pencil", "pencils", "铅笔", "支", "goods small"),
    thing("flower", "flowers", "花", "朵", "goods gift"),
    thing("apple", "apples", "苹果", "个", "goods food washable"),
    thing("potato", "potatoes", "土豆", "个", "goods food washable"),
    thing("cake", "cakes", "蛋糕", "块", "goods food gift"),
    thing("box", "boxes", "箱子", "个", "goods openable bulky"),
    thing("cup", "cups", "杯子", "个", "goods washable fragile gift"),
    thing("bottle", "bottles", "瓶子", "个", "goods washable fragile openable"),
    thing("window", "windows", "窗户", "扇", "fragile openable"),
)

NOUNS = PEOPLE + ANIMALS + THINGS


ADJECTIVES = (
    adjective("big", "bigger", "大", "大", "animal thing"),
    adjective("small", "smaller", "小", "小", "animal thing"),
    adjective("old", "older", "老", "老", "person animal"),
    adjective("old", "older", "旧", "旧", "thing"),
    adjective("young", "younger", "年轻的", "年轻", "person"),
    adjective("new", "newer", "新", "新", "thing"),
    adjective("beautiful", "more beautiful", "漂亮的", "漂亮", "person animal thing"),
    adjective("clever", "cleverer", "聪明的", "聪明", "person animal"),
    adjective("lazy", "lazier", "懒惰的", "懒惰", "person animal"),
    adjective("strong", "stronger", "强壮的", "强壮", "person animal"),
    adjective("kind", "kinder", "善良的", "善良", "person"),
    adjective("famous", "more famous", "有名的", "有名", "person text"),
    adjective("happy", "happier", "快乐的", "快乐", "person"),
    adjective("tall", "taller", "", "高", "person"),
    adjective("hungry", "hungrier", "", "饿", "person animal"),
    adjective("tired", "", "", "累", "person animal"),
    adjective("cheap", "cheaper", "便宜的", "便宜", "goods"),
    adjective("heavy", "heavier", "", "重", "furniture bulky"),
    adjective("clean", "cleaner", "干净的", "干净", "washable furniture"),
    adjective("interesting", "more interesting", "有趣的", "有趣", "text"),
    adjective("important", "more important", "重要的", "重要", "text"),
    adjective("comfortable", "more comfortable", "舒服的", "舒服", "furniture"),
    adjective("fresh", "fresher", "新鲜的", "新鲜", "food"),
    adjective("red", "", "红色的", "", "machine washable small"),
    adjective("white", "", "白色的", "", "animal machine washable small"),
    adjective("black", "", "黑色的", "", "animal machine washable small"),
)

COUNTS = (("two", "两"), ("three", "三"), ("four", "四"), ("five", "五"), ("ten", "十"))


ACTIONS = (
    verb("sleep sleeps slept sleeping", "睡觉", agents="person animal"),
    verb("rest rests rested resting", "休息", agents="person animal"),
    verb("run runs ran running", "跑步", agents="person animal"),
    verb("swim swims swam swimming", "游泳", agents="person animal"),
    verb("sing sings sang singing", "唱歌"),
    verb("dance dances danced dancing", "跳舞"),
    verb("work works worked working", "工作"),
    verb("cry cries cried crying", "哭"),
    verb("read reads read reading", "读", "text"),
    verb("write writes wrote writing", "写", "written"),
    verb("buy buys bought buying", "买", "goods animal"),
    verb("sell sells sold selling", "卖", "goods animal"),
    verb("draw draws drew drawing", "画", "animal thing"),
    verb("wash washes washed washing", "洗", "washable"),
    verb("eat eats ate eating", "吃", "food", agents="person animal"),
    verb("repair repairs repaired repairing", "修理", "machine furniture"),
    verb("carry carries carried carrying", "搬", "furniture bulky"),
    verb("feed feeds fed feeding", "喂", "animal"),
    verb("help helps helped helping", "帮助", "person"),
    verb("visit visits visited visiting", "看望", "person"),
    verb("chase chases chased chasing", "追", "animal", agents="person animal"),
)
EVENTS = (  # done in a moment: no progressive
    verb("see sees saw seeing", "看见", "person animal thing", agents="person animal"),
    verb("find finds found finding", "找到", "animal thing", agents="person animal"),
    verb("borrow borrows borrowed borrowing", "借", "text machine small"),
)
STATES = (  # only in the present
    verb("like likes liked liking", "喜欢", "person animal thing", agents="person animal"),
    verb("love loves loved loving", "爱", "person animal"),
    verb("know knows knew knowing", "认识", "person"),
    verb("need needs needed needing", "需要", "thing"),
)
RESULTS = (  # with 把: what becomes of the object
    verb("break breaks broke breaking broken", "打破", "fragile"),
    verb("open opens opened opening opened", "打开", "openable"),
    verb("close closes closed closing closed", "关上", "openable"),
    verb("lose loses lost losing lost", "弄丢", "small"),
    verb("burn burns burned burning burned", "烧掉", "paper"),
)
TRANSFERS = (  # with 把 … 给: what passes from hand to hand
    verb("give gives gave giving", "送", "gift"),
    verb("sell sells sold selling", "卖", "goods animal"),
    verb("lend lends lent lending", "借", "machine small text"),
    verb("send sends sent sending", "寄", "gift"),
)
SELVES = (  # with oneself
    ("saw#v SELF in#p the mirror#m TIME", "SUBJ TIME 在#p 镜子#m 里#p 看见了#v SELF"),
    ("drew#v SELF PLACE TIME", "SUBJ TIME PLACE 画了#v SELF"),
    ("bought#v SELF OBJ TIME", "SUBJ TIME 给#v SELF 买了#v OBJ"),
)

TIMES = {  # both sides as templates, see `phrase.fill`
    "past": (
        ("yesterday#a", "昨天#a"),
        ("last#a week#b", "上#a 周#b"),
        ("last#a night#b", "昨#a 晚#b"),
        ("this#a morning#b", "今天#a 早上#b"),
    ),
    "future": (
        ("tomorrow#a", "明天#a"),
        ("next#a week#b", "下#a 周#b"),
        ("tonight#a", "今晚#a"),
        ("next#a year#b", "明#a 年#b"),
    ),
    "present": (
        ("every#a day#b", "每#a 天#b"),
        ("every#a week#b", "每#a 周#b"),
        ("every#a morning#b", "每天#a 早上#b"),
    ),
    "progressive": (("now#a", "现在#a"),),
}
HOW_OFTEN = (("often#a", "经常#a"), ("always#a", "总是#a"), ("sometimes#a", "有时候#a"), ("never#a", "从不#a"))
MODALS = (("can", "能"), ("must", "必须"), ("should", "应该"))

PLACES = (
    Place("in", "garden", "花园", "里"),
    Place("in", "kitchen", "厨房", "里"),
    Place("in", "park", "公园", "里"),
    Place("in", "room", "房间", "里"),
    Place("on", "hill", "山", "上"),
    Place("under", "tree", "树", "下"),
    Place("behind", "house", "房子", "后面"),
    Place("behind", "school", "学校", "后面"),
    Place("near", "river", "河", "附近"),
    Place("near", "station", "车站", "附近"),
    Place("beside", "lake", "湖", "旁边"),
)
SPOTS = (
    Place("on", "table", "桌子", "上"),
    Place("on", "chair", "椅子", "上"),
    Place("under", "bed", "床", "下"),
    Place("in", "box", "箱子", "里"),
    Place("beside", "window", "窗户", "旁边"),
)
GOALS = (("shop", "商店"), ("park", "公园"), ("garden", "花园"), ("library", "图书馆"), ("station", "车站"))
