import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.flow.tag_texts import comma_tags, csv_tags, jsonl_tags, line_tags, sidecar_names


@pytest.mark.parametrize(
    ("picture", "commas", "lines"),
    [
        ("cat.jpg", "cat.txt", "cat.jpg.txt"),
        ("a.b.jpg", "a.b.txt", "a.b.jpg.txt"),
        ("cat", "cat.txt", "cat.txt"),
        (".jpg", ".jpg.txt", ".jpg.txt"),
    ],
)
def test_two_texts_may_stand_beside_a_picture(picture: str, commas: str, lines: str) -> None:
    assert sidecar_names(picture) == (commas, lines)


@pytest.mark.parametrize(
    ("text", "tags"),
    [
        ("cat, long hair,cat\n", ["cat", "long hair"]),
        ("\ufeffcat,\r\n dog ,,", ["cat", "dog"]),
        ("1girl, blue_eyes, :3", ["1girl", "blue_eyes", ":3"]),
        (" , \n", []),
        ("", []),
    ],
)
def test_commas_part_tags(text: str, tags: list[str]) -> None:
    assert comma_tags(text) == tags


@pytest.mark.parametrize(
    ("text", "tags"),
    [
        ("cat\nlong hair\ncat\n", ["cat", "long hair"]),
        ("\ufeffa, b\r\n\r\nc\rd", ["a, b", "c", "d"]),
        ("\u2028x\u0085y", ["x\u0085y"]),
        ("", []),
    ],
)
def test_lines_part_tags(text: str, tags: list[str]) -> None:
    assert line_tags(text) == tags


def test_a_text_too_long_is_no_tag() -> None:
    assert comma_tags("x" * 201 + "," + "y" * 200) == ["y" * 200]


def test_a_tag_that_no_database_can_hold_is_spelled_so_that_it_can() -> None:
    assert line_tags("a\x00b\ud800") == [r"a\x00b\ud800"]


def test_a_line_of_json_tags_a_file() -> None:
    text = (
        '{"file_name": "1.png", "tags": ["a", "b, c"]}\n\n'
        '{"file_name": "2.png", "tags": "a, b", "text": "x"}\r\n'
    )
    assert jsonl_tags(text).tags == {"1.png": ["a", "b, c"], "2.png": ["a", "b"]}


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("{", "no JSON object"),
        ("[" * 100_000, "no JSON object"),
        ("[]", "no JSON object"),
        ("3", "no JSON object"),
        ("{}", "no file_name"),
        ('{"file_name": 3, "tags": []}', "no file_name"),
        ('{"file_name": "a"}', "tags are no text"),
        ('{"file_name": "a", "tags": [1]}', "tags are no text"),
        ('{"file_name": "a", "tags": null}', "tags are no text"),
    ],
)
def test_a_bad_line_costs_that_line(line: str, words: str) -> None:
    found = jsonl_tags(line + '\n{"file_name": "b", "tags": "x"}')
    assert found.tags == {"b": ["x"]}
    ((number, sentence),) = found.problems
    assert number == 1
    assert words in sentence


def test_a_file_that_is_named_twice_has_all_tags() -> None:
    text = 'file_name,tags\n1.png,a\n1.png,"b, a"\n'
    assert csv_tags(text).tags == {"1.png": ["a", "b"]}


def test_a_table_may_have_more_columns_in_any_order() -> None:
    found = csv_tags('\ufefftags,width,file_name\r\n"a, b",3,x/1.png\r\n')
    assert found.tags == {"x/1.png": ["a", "b"]}


@pytest.mark.parametrize("text", ["", "name,tags\na,b\n", "<html>"])
def test_a_table_without_its_columns_is_told_of(text: str) -> None:
    assert csv_tags(text).problems == [(1, "no columns file_name and tags")]


def test_a_row_that_is_too_short_or_too_long_does_no_harm() -> None:
    found = csv_tags("file_name,tags\na\nb,x,more\n")
    assert found.tags == {"b": ["x"]}
    assert found.problems == [(2, "tags are no text and no list of texts")]


def test_a_cell_that_csv_cannot_hold_is_told_of() -> None:
    found = csv_tags("file_name,tags\na,x\nb," + "y" * 200_000 + "\n")
    assert found.tags == {"a": ["x"]}
    assert "no CSV" in found.problems[0][1]


@given(st.text())
def test_no_text_breaks_a_reader(text: str) -> None:
    for tags in (comma_tags(text), line_tags(text)):
        assert all(tag == tag.strip() != "" for tag in tags)
    jsonl_tags(text)
    csv_tags(text)


@given(st.dictionaries(st.text(min_size=1, max_size=5), st.lists(st.sampled_from("abc"))))
def test_what_is_written_line_by_line_is_read(tags: dict[str, list[str]]) -> None:
    lines = (json.dumps({"file_name": name, "tags": listed}) for name, listed in tags.items())
    found = jsonl_tags("\n".join(lines)).tags
    assert found == {name: list(dict.fromkeys(listed)) for name, listed in tags.items()}


def test_more_tags_than_any_picture_has_are_no_tags() -> None:
    found = jsonl_tags(json.dumps({"file_name": "1.png", "tags": list(map(str, range(501)))}))
    assert found.tags == {}
    assert found.problems == [(1, "more than 500 tags for one picture")]
