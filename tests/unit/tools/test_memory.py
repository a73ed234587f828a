from __future__ import annotations

import pytest

from synapse.contracts.toolbox import Toolbox
from synapse.errors import Permanent, Transient
from synapse.tools.memory import MemoryBlobs, MemoryToolbox

CATS, DOGS = "corpus://animals/cats", "https://dogs.example/"


@pytest.fixture
def tools() -> MemoryToolbox:
    return MemoryToolbox(pages={CATS: "Cats\n\nCats sleep all day.", DOGS: "Dogs\n\nDogs bark all day."})


async def test_it_is_a_toolbox(tools: MemoryToolbox) -> None:
    toolbox: Toolbox = tools
    assert toolbox.context.idempotency_key == "run-1:step"


async def test_pages_are_found_by_their_words_and_a_corpus_keeps_the_web_out(tools: MemoryToolbox) -> None:
    assert [source.url for source in (await tools.search_web("cats sleep day")).sources] == [CATS]
    assert [source.url for source in (await tools.search_web("all", limit=1)).sources] == [CATS]
    assert [source.url for source in (await tools.search_web("all", corpus="animals")).sources] == [CATS]
    assert (await tools.browse_and_extract(CATS)).title == "Cats"
    with pytest.raises(Permanent):
        await tools.browse_and_extract("http://absent.example/")


async def test_it_fails_as_told_and_then_recovers(tools: MemoryToolbox) -> None:
    tools.fail(CATS, Transient("busy"), Permanent("broken"))
    for kind in (Transient, Permanent):
        with pytest.raises(kind):
            await tools.browse_and_extract(CATS)
    assert (await tools.browse_and_extract(CATS)).text
    assert tools.calls == [("browse_and_extract", CATS)] * 3


async def test_files_blobs_and_progress_are_kept(tools: MemoryToolbox) -> None:
    saved = await tools.save_file("a/b.md", "é")
    assert (saved.bytes, await tools.read_file("a/b.md")) == (2, "é")
    for path in ("../x", "/x"):
        with pytest.raises(Permanent):
            await tools.save_file(path, "")
    with pytest.raises(Permanent):
        await tools.read_file("absent")
    name = await tools.put_blob(b"data")
    assert await tools.get_blob(name) == b"data"
    with pytest.raises(Permanent):
        await MemoryBlobs().get(name)
    await tools.progress(1, 2, "half")
    assert tools.reported == [(1, 2, "half")]
