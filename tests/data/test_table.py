"""Which column is which, and a complaint with file and line for every bad row."""

from dataclasses import replace

import pytest

from heedful.data.pairs import COLUMNS
from heedful.data.table import (
    Columns,
    csv_rows,
    has_header,
    header_order,
    jsonl_rows,
    read_column,
    read_rows,
    tsv_rows,
)
from heedful.errors import UserError

LABELLED = Columns(("left", "right", "label"), ("group",), scalars=("label", "group"))


def rows(reader, path, content, columns=COLUMNS):
    path.write_text(content, encoding="utf-8")
    return [(*row.cells, row.line) for row in reader(path, columns) if row.cells]


@pytest.mark.parametrize("header", ["", "source\ttarget\n", "Source\tTARGET\n"])
def test_tsv_with_and_without_header(tmp_path, header):
    found = rows(tsv_rows, tmp_path / "a", header + 'ein "x\tone\n\nzwei\ttwo\n')
    first = 1 + bool(header)
    assert found == [('ein "x', "one", first), ("zwei", "two", first + 2)]


def test_a_header_orders_the_columns(tmp_path):
    found = rows(csv_rows, tmp_path / "a", 'id,target,source\n7,"one, two",eins\n')
    assert found == [("eins", "one, two", 2)]


@pytest.mark.parametrize(
    ("header", "words"),
    [
        ("source\ttraget", "'traget'.*did you mean 'target'"),
        ("src\ttgt", "found 'src', 'tgt'.*did you mean 'source'"),
        ("id\tsource\ttranslation", "found 'id', 'source', 'translation'"),
        ("sorce\ttagret", "did you mean 'source'"),
    ],
)
def test_wrong_column_names(tmp_path, header, words):
    with pytest.raises(UserError, match=rf"a:1: expected the columns 'source' and 'target'.*{words}"):
        rows(tsv_rows, tmp_path / "a", f"{header}\n1\t2\t3\n")


def test_ordinary_sentences_are_no_header(tmp_path):
    assert rows(tsv_rows, tmp_path / "a", "Sure.\tTarget?\n") == [("Sure.", "Target?", 1)]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("a\tb\nno tab here\n", "a:2: .*no tab in 'no tab here'"),
        ("no tab here\n", "a:1: .*no tab.*or give two files"),
        ("a\tb\tc\n", "a:1: expected 2 columns, found 3.*header line.*a tab inside a text"),
        ("a,b\n", r"a:1: .*no tab.*separated by a comma here, give it a name that ends in \.csv; or give two files"),
        ('{"source": "a"}\n', r"a:1: .*no tab.*looks like JSON.*\.jsonl"),
        ("source\ttarget\tid\na\tb\n", "a:2: expected 3 columns, found 2.*as many cells as the header"),
        ("source\ttarget\na\tb\tc\n", "a:2: .*found 3 .*as the header, .*replace a tab inside a text by a blank"),
        ("source\ttarget\tSource\n", "a:1: 'source' is in the header more than once"),
        ("source\ttarget\na\tb\nSource\ttarget\n", "a:3: the header is here once more.*delete this line"),
    ],
)
def test_bad_tsv_lines(tmp_path, content, words):
    with pytest.raises(UserError, match=words):
        rows(tsv_rows, tmp_path / "a", content)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ('a,b\n"c,d\n', "a:2: this is not a row of csv"),
        ('a,b\n"c"x,d\n', "a:2: this is not a row of csv"),
        ("alone\n", "a:1: .*no comma.*write source, comma, target; or give two files"),
        ("source,target\na,b,c\n", "a:2: .*as many cells as the header.*a text with a comma in quotes"),
        ("'source','target'\na,b\n", "a:1: expected the columns 'source' and 'target'"),
    ],
)
def test_bad_csv_lines(tmp_path, content, words):
    with pytest.raises(UserError, match=words):
        rows(csv_rows, tmp_path / "a", content)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ('{"source": "a"', "this is not JSON: .*column"),
        ("[" * 100_000, "this is not JSON"),
        ('["a", "b"]', "expected an object.*without the brackets of a list"),
        ("[", "this is not JSON.*each on one line and without the brackets"),
        ("{", "this is not JSON.*each on one line"),
        ('{"source": "a", "target": "b", "source": "c"}', "the key 'source' is in this object more than once"),
        ('{"source": ' + "1" * 5000 + "}", "this is not JSON: .*digits"),
        ('{"sorce": "a", "target": "b"}', "found 'sorce', 'target'.*did you mean 'source'"),
        ('{"source": "a", "target": null}', "expected text in 'target', found None"),
        ('{"source": "a", "target": "\\ud800"}', "surrogate"),
        ("{}", "found none"),
    ],
)
def test_bad_jsonl_lines(tmp_path, line, words):
    with pytest.raises(UserError, match=f"a:3: .*{words}"):
        rows(jsonl_rows, tmp_path / "a", f'{{"source": "a", "target": "b"}}\n\n{line}\n')


@pytest.mark.parametrize("header", ["", "left,right,label,group\n", "group,LABEL,left,right\n"])
def test_an_optional_column(tmp_path, header):
    line = "q7,1,a,b\n" if header.startswith("group") else "a,b,1,q7\n"
    assert rows(csv_rows, tmp_path / "a", header + line, LABELLED) == [("a", "b", "1", "q7", 1 + bool(header))]


@pytest.mark.parametrize("header", ["", "label\tleft\tright\n"])
def test_an_optional_column_that_is_not_there(tmp_path, header):
    line = "1\ta\tb\n" if header else "a\tb\t1\n"
    assert rows(tsv_rows, tmp_path / "a", header + line, LABELLED) == [("a", "b", "1", "", 1 + bool(header))]


def test_a_cell_that_is_a_column_by_chance_is_no_header(tmp_path):
    assert rows(tsv_rows, tmp_path / "a", "turn here\tyes\tright\n", LABELLED)[0][2] == "right"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("a\tb\n", "a:1: expected 3 columns, found 2 .*each row needs 'left', 'right' and 'label', separated by a tab"),
        ("a\tb\t1\tg\tx\n", "a:1: expected 4 columns, found 5 "),
        ("a\tb\t1\tg\na\tb\t1\n", "a:2: expected 4 columns, found 3 "),
        ("alone\n", "a:1: .*no tab .*write left, tab, right, tab, label; or give a .csv or .jsonl"),
        ("lefts\trigth\tlables\n", "a:1: expected the columns 'left', 'right' and 'label'.*did you mean 'left'"),
    ],
)
def test_bad_lines_of_a_wider_table(tmp_path, content, words):
    with pytest.raises(UserError, match=words):
        rows(tsv_rows, tmp_path / "a", content, LABELLED)


def test_json_values_that_may_be_numbers(tmp_path):
    lines = '{"left": "a", "right": "b", "label": 1, "group": 7}\n{"left": "a", "right": "b", "label": true}\n'
    found = rows(jsonl_rows, tmp_path / "a", lines, LABELLED)
    assert found == [("a", "b", "1", "7", 1), ("a", "b", "true", "", 2)]
    with pytest.raises(UserError, match="expected text in 'left', found 3"):
        rows(jsonl_rows, tmp_path / "a", '{"left": 3, "right": "b", "label": 1}\n', LABELLED)


def test_a_missing_number_is_no_label(tmp_path):
    with pytest.raises(UserError, match="expected text in 'label', found nan"):
        rows(jsonl_rows, tmp_path / "a", '{"left": "a", "right": "b", "label": NaN}\n', LABELLED)
    large = "1" * 400
    found = rows(jsonl_rows, tmp_path / "a", f'{{"left": "a", "right": "b", "label": {large}}}\n', LABELLED)
    assert found == [("a", "b", large, "", 1)]


def test_the_suffix_tells_the_format(tmp_path):
    (tmp_path / "a.csv").write_text("a,b\n")
    (tmp_path / "a.txt").write_text("a\tb\n")
    assert [next(read_rows(tmp_path / name, COLUMNS)).cells for name in ("a.csv", "a.txt")] == [("a", "b")] * 2


TEXTS = Columns(("text",), ("label",), header_words=("label",))
LABELS = Columns(("text", "label"), header_words=("text", "label"))


@pytest.mark.parametrize("separator", [",", ";", "|", "\t"])
def test_the_header_tells_the_separator_of_a_csv(tmp_path, separator):
    lines = [["Label", "id", "text"], ["pos", "1", '"good; really, | \tgood"'], ["neg", "2", "bad"]]
    content = "".join(separator.join(line) + "\n" for line in lines)
    expected = [("good; really, | \tgood", "pos", 2), ("bad", "neg", 3)]
    assert rows(csv_rows, tmp_path / "a", content, LABELS) == expected
    declared = f"sep={separator}\r\n{content}"
    assert rows(csv_rows, tmp_path / "a", declared, LABELS) == [(*cells, line + 1) for *cells, line in expected]
    with pytest.raises(UserError, match="a:1: expected the columns 'text' and 'label', found 'sentence', 'label'"):
        rows(csv_rows, tmp_path / "a", f"sentence{separator}label\nx{separator}y\n", LABELS)


@pytest.mark.parametrize("separator", [";", "|", "\t"])
def test_without_a_header_the_rows_tell_the_separator_unless_two_would_do(tmp_path, separator):
    lines = [f"text {number} was fine{separator}pos" for number in range(7)]
    assert len(rows(csv_rows, tmp_path / "a", "\n".join(lines), LABELS)) == 7
    assert rows(csv_rows, tmp_path / "a", "\n".join(lines), LABELS)[0] == ("text 0 was fine", "pos", 1)
    hint = f"text,label or text{separator}label" if separator != "|" else r"text,label or text\|label"
    with pytest.raises(UserError, match=f"a:1: the columns may be separated by a comma or by a .*{hint}"):
        rows(csv_rows, tmp_path / "a", "\n".join(f"well, {line}" for line in lines), LABELS)
    quoted = "\n".join(f'"well, text {number}"{separator}pos' for number in range(7))
    assert rows(csv_rows, tmp_path / "a", quoted, LABELS)[0] == ("well, text 0", "pos", 1)


def test_semicolons_in_texts_do_not_hide_the_comma(tmp_path):
    lines = ["one; two,pos", "three,neg", '"four; five, six",pos', '"seven\neight",neg']
    found = rows(csv_rows, tmp_path / "a", "\n".join(lines), LABELS)
    assert [row[1] for row in found] == ["pos", "neg", "pos", "neg"]
    assert found[2][0] == "four; five, six"
    assert rows(csv_rows, tmp_path / "a", "just one text\nand another; yes\n", TEXTS)[1][0] == "and another; yes"


def test_a_header_in_quotes_tells_that_all_cells_are(tmp_path):
    content = '"text"\t"label"\n\n"so ""good"""\t"pos"\n'
    assert rows(tsv_rows, tmp_path / "a", content, LABELS) == [('so "good"', "pos", 3)]
    assert rows(tsv_rows, tmp_path / "a", '"so" he said\tpos\n', LABELS) == [('"so" he said', "pos", 1)]


@pytest.mark.parametrize(
    ("name", "content", "texts", "kept"),
    [
        ("a.tsv", "text\tlabel\na\tpos\n\n \t \nb\tneg\n", ["a", "", "", "b"], 2),
        ("a.tsv", "\na\tpos\nb\tneg\n\n", ["", "a", "b", ""], 2),
        ("a.csv", 'text,label\na,pos\n\n   \n"b\n\nc",neg\n,\n', ["a", "", "", "b\n\nc", ""], 3),
        ("a.csv", "text\na\n\nb\n", ["a", "", "b"], 2),
        ("a.jsonl", '{"text": "a"}\n\n  \n{"text": "b"}\n', ["a", "", "", "b"], 2),
        ("a.txt", "a\n\nb\n\n", ["a", "", "b", ""], None),
        ("a.csv", "text,label\n", [], 0),
        ("a.csv", "", [], 0),
    ],
)
def test_every_line_is_a_question_and_blank_ones_are_no_examples(tmp_path, name, content, texts, kept):
    path = tmp_path / name
    path.write_text(content)
    assert list(read_column(path, TEXTS)) == texts
    assert kept in (None, len(list(read_rows(path, TEXTS))))


@pytest.mark.parametrize(
    ("content", "order"),
    [
        ("Label,text\n", ("label", "text")),
        ("sep=;\n\nid;text;label\n", ("id", "text", "label")),
        ("text,label,more\n", ("text", "label", "more")),
        ("text,label\n", ("text", "label")),
        ("fine,pos\n", None),
        ("", None),
    ],
)
def test_the_order_of_a_header_is_kept(tmp_path, content, order):
    path = tmp_path / "a.csv"
    path.write_text(content)
    assert header_order(path, LABELS) == order
    assert has_header(path, LABELS) == ("text" in content)
    assert header_order(tmp_path, LABELS) is None


def test_a_table_without_a_header_is_read_by_the_order_of_training(tmp_path):
    ordered = Columns(("text", "label"), header_words=("text", "label"), order=("id", "label", "text"))
    asked = Columns(("text",), ("label",), order=("id", "label", "text"))
    assert rows(tsv_rows, tmp_path / "a", "7\tpos\tfine\n", ordered) == [("fine", "pos", 1)]
    assert rows(tsv_rows, tmp_path / "a", "pos\tfine\n", ordered) == [("fine", "pos", 1)]
    assert rows(tsv_rows, tmp_path / "a", "text\tlabel\nfine\tpos\n", ordered) == [("fine", "pos", 2)]
    assert rows(tsv_rows, tmp_path / "a", "7\tpos\tfine\n", asked) == [("fine", "pos", 1)]
    assert rows(tsv_rows, tmp_path / "a", "fine\n", asked) == [("fine", "", 1)]
    with pytest.raises(UserError, match=r"a:1: expected the 3 columns of .* \(id, label, text\), found 4"):
        rows(tsv_rows, tmp_path / "a", "7\tpos\tfine\tmore\n", ordered)
    with pytest.raises(UserError, match=r"without a header are id \(data\.columns\), without 'text'"):
        rows(tsv_rows, tmp_path / "a", "7\tpos\n", Columns(("text",), order=("id",)))


TRAINED = {"order": ("text", "label"), "trained_labels": frozenset({"question", "answer"})}


@pytest.mark.parametrize(
    ("columns", "first", "others"),
    [
        ({"names": ("text", "label"), **TRAINED}, "sentence,kind", ["who is it ?,question"]),
        ({"names": ("text", "label"), **TRAINED}, "Star rating,sentiment", ["fine,answer", "two words,answer"]),
        ({"names": ("text",), "optional": ("label",), **TRAINED}, "sentence,kind", ["who is it ?,answer"]),
        ({"names": ("text",), "optional": ("label",), **TRAINED}, "sentence", ["who is it ?"]),
        (
            {"names": ("source", "target"), "order": ("target", "source"), "trained_labels": frozenset()},
            "english,german",
            ["a car,ein Auto"],
        ),
    ],
)
@pytest.mark.parametrize("suffix", [".csv", ".tsv"])
def test_a_header_with_unknown_names_is_refused_where_the_training_table_had_one(
    tmp_path, columns, first, others, suffix
):
    known = Columns(**columns)
    path, separator = tmp_path / f"a{suffix}", "," if suffix == ".csv" else "\t"

    def read(*lines, columns=known):
        path.write_text("".join(line.replace(",", separator) + "\n" for line in lines))
        return list(read_rows(path, columns))

    names = r", ".join(map(repr, first.split(",")))
    with pytest.raises(UserError, match=rf"{suffix}:1: the first line, {names}, looks like a header, but not with"):
        read(first, *others)
    for unknown in ({"order": ()}, {"trained_labels": None}):
        assert len(read(first, *others, columns=replace(known, **unknown))) == 1 + len(others)
    header = ",".join(known.names[: first.count(",") + 1] + known.optional[: first.count(",")])
    assert len(read(header, first, *others)) == 1 + len(others), "what the hint says"


@pytest.mark.parametrize(
    "lines",
    [
        ["hello,answer", "who is it ?,question"],  # a known label
        ["hello there,question"],
        ["hello,greeting"],  # nothing to compare it with
        ["hello,greeting", "goodbye,greeting"],
        ["hello,1", "who is it ?,2"],
        ["Who is it?,place", "Who?,question"],  # an unknown label, of a sentence
        ["我很喜欢,新", "谁？,新"],
    ],
)
def test_rows_without_a_header_remain_readable(tmp_path, lines):
    (tmp_path / "a.csv").write_text("".join(f"{line}\n" for line in lines))
    for names, optional in ((("text", "label"), ()), (("text",), ("label",))):
        assert len(list(read_rows(tmp_path / "a.csv", Columns(names, optional, **TRAINED)))) == len(lines)


def test_a_table_in_the_usual_order_may_have_more_or_fewer_columns_than_the_training_table(tmp_path):
    columns = Columns(("left", "right"), ("label", "group"), order=("left", "right", "label"))
    for row in ("a,b", "a,b,1", "a,b,1,g"):
        (tmp_path / "a.csv").write_text(f"{row}\n")
        assert [found.cells[:2] for found in read_rows(tmp_path / "a.csv", columns)] == [("a", "b")]


def test_a_csv_that_is_called_tsv_is_told_by_its_header(tmp_path):
    for separator, name in ((",", "comma"), (";", "semicolon"), ("|", "bar")):
        for columns in (LABELS, TEXTS):
            with pytest.raises(UserError, match=rf"a:1: .*header are separated by a {name}, .*ends in \.csv"):
                rows(tsv_rows, tmp_path / "a", f"text{separator}label\nx{separator}y\n", columns)


def test_lines_with_a_header_and_tabs_are_a_table_whatever_the_suffix(tmp_path):
    (tmp_path / "a.txt").write_text("label\ttext\npos\tfine\n\n")
    assert list(read_column(tmp_path / "a.txt", TEXTS)) == ["fine", ""]
    (tmp_path / "a.txt").write_text("text\nlabel, text\n")
    assert list(read_column(tmp_path / "a.txt", TEXTS)) == ["text", "label, text"]
