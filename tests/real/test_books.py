# SPDX-License-Identifier: Apache-2.0
"""The texts and the questions themselves: what would otherwise be missing without anybody noticing."""
import pytest

import books
import corpora


@pytest.fixture(scope="module", params=corpora.NAMES)
def name(request):
    return request.param


@pytest.fixture(scope="module")
def chunks(name):
    return books.chunks(name)


def test_chunks_are_paragraphs_of_a_section(chunks):
    lengths = [len(one["document"]) for one in chunks]
    assert len(chunks) > 1400 and 250 < sum(lengths) / len(lengths) < 400
    assert max(lengths) < books.FULL + books.LONGEST and min(lengths) > books.SHORTEST
    assert len({one["id"] for one in chunks}) == len({one["document"] for one in chunks}) == len(chunks)
    assert {one["metadata"]["section"] for one in chunks}.isdisjoint(books.EDGES)


def test_small_corpora_are_whole_chapters(name, chunks):
    chapters = {one["metadata"]["chapter"] for one in chunks}
    assert set(corpora.SMALL[name]) < chapters
    assert 350 < sum(one["metadata"]["chapter"] in corpora.SMALL[name] for one in chunks) < 450


def test_questions_are_answered_by_sections_that_exist(name, chunks):
    listed = corpora.listed(name)
    sections = {one["metadata"]["section"] for one in chunks}
    assert [one for one in listed["questions"] if one["section"] not in sections] == []
    assert len(listed["questions"]) >= 50 and len(listed["nothing"]) == 3
    ids = {corpora.slug(one["text"]) for one in listed["questions"] + listed["nothing"]}
    assert len(ids) == len(listed["questions"]) + len(listed["nothing"])
