// The report, and beside it the stored page that a citation's quote stands in.

import { get } from "./api.js";
import { fill, h, loading, outside, trouble } from "./dom.js";
import { download } from "./files.js";
import { count, when } from "./format.js";
import { VERDICTS } from "./verdicts.js";

export async function report(place, { parts: [id], signal }) {
  const found = await get(`v1/runs/${encodeURIComponent(id)}/report?format=json`, signal);
  document.title = `${found.question} – Synapse`;
  const evidence = new Map(found.evidence.map((each) => [each.id, each]));
  const references = new Map(found.references.map((each) => [each.snapshot, each]));
  const pages = new Map();
  const reader = h("aside", { class: "reader card", "aria-label": "Stored page", hidden: true });
  let opener = null;

  async function open(each, from) {
    opener?.removeAttribute("aria-expanded");
    opener = from;
    from.setAttribute("aria-expanded", "true");
    reader.hidden = false;
    fill(reader, loading("Loading the stored page"));
    try {
      if (!pages.has(each.snapshot)) pages.set(each.snapshot, await get(`v1/runs/${id}/sources/${each.snapshot}`, signal));
      fill(reader, stored(pages.get(each.snapshot), each, references.get(each.snapshot), close));
      reader.querySelector("h2").focus({ preventScroll: true });
      show(reader.querySelector(".page"), reader.querySelector("mark"));
    } catch (error) {
      if (!signal.aborted) fill(reader, trouble(error, () => open(each, from)));
    }
  }

  function close() {
    reader.hidden = true;
    opener?.removeAttribute("aria-expanded");
    opener?.focus();
  }

  const cite = (name) => {
    const each = evidence.get(name);
    const number = references.get(each.snapshot)?.number ?? "?";
    const button = h("button", { type: "button", class: "cite", title: each.quote, "aria-label": `Source ${number}: ${each.quote.slice(0, 120)}`, click: () => open(each, button) }, `[${number}]`);
    return button;
  };
  const sentence = (each) => h("li", { class: each.verdict },
    h("span", { class: "verdict", title: VERDICTS[each.verdict]?.[1] ?? each.verdict }, VERDICTS[each.verdict]?.[0] ?? "·"),
    h("span", {}, each.text, each.by_model ? h("span", { class: "hint", title: "worded by a language model, checked against its quotes" }, " (worded by a model)") : null, " ", each.evidence.map(cite)));
  const list = (some) => h("ul", { class: "sentences" }, some.map(sentence));
  const used = new Set([...found.answer, ...found.sections.flatMap((each) => each.sentences), ...found.disagreements.flat()].map((each) => each.verdict));

  reader.addEventListener("keydown", (event) => { if (event.key === "Escape") close(); });
  fill(place,
    h("div", { class: "reading" },
      h("article", {},
        h("h1", { class: "question" }, found.question),
        h("div", { class: "actions" }, h("a", { href: `#/runs/${id}` }, "How it came about"), h("span", { class: "hint" }, "Download"), ["md", "html", "json"].map((form) => h("button", { type: "button", click: () => download(`v1/runs/${id}/report?format=${form}`, `report-${id.slice(0, 8)}.${form}`) }, `.${form}`))),
        h("h2", {}, "Answer"), found.answer.length ? list(found.answer) : h("p", { class: "notice" }, "No evidence was found."),
        found.sections.map((each) => [h("h2", {}, each.heading), list(each.sentences)]),
        found.disagreements.length ? [h("h2", {}, "What the sources disagree on"), found.disagreements.map((pair) => list(pair))] : null,
        found.unanswered.length ? [h("h2", {}, "What could not be found"), h("ul", {}, found.unanswered.map((each) => h("li", {}, each.text)))] : null,
        found.missed.length ? [h("h2", {}, "What could not be read"), h("ul", {}, found.missed.map((each) => h("li", {}, each.what, h("span", { class: "hint" }, ` ${each.reason}`))))] : null,
        found.notes.length ? [h("h2", {}, "How it was written"), h("ul", {}, found.notes.map((each) => h("li", {}, each)))] : null,
        h("p", { class: "hint legend" }, [...used].map((each) => h("span", {}, `${VERDICTS[each]?.[0] ?? "·"} ${VERDICTS[each]?.[1] ?? each}`))),
        h("h2", {}, "Sources"), h("ol", { class: "sources" }, found.references.map((each) => h("li", { value: String(each.number) },
          outside(each.url, each.title || each.url), h("p", { class: "hint" }, [each.origin, each.published, `read ${when(each.fetched_at)}`, count(each.evidence.length, "quote")].filter(Boolean).join(" · ")))))),
      reader));
}

/** The page's text with the quote marked. Offsets count code points, which strings here do not. */
function stored(page, each, reference, close) {
  const points = Array.from(page.text);
  const [before, quote, after] = [points.slice(0, each.start), points.slice(each.start, each.end), points.slice(each.end)].map((some) => some.join(""));
  return [
    h("div", { class: "head" }, h("h2", { tabindex: "-1" }, `[${reference?.number ?? "?"}] ${page.snapshot.title || page.snapshot.url}`), h("button", { type: "button", click: close }, "Close")),
    h("p", { class: "hint" }, outside(page.snapshot.url, page.snapshot.url), ` · stored ${when(page.snapshot.fetched_at)} · characters ${each.start}–${each.end}`),
    quote === each.quote ? null : h("p", { class: "notice bad" }, "The quote does not stand there: the stored page is not the one that was cited."),
    h("div", { class: "page", tabindex: "0" }, before, h("mark", {}, quote), after),
  ];
}

/** Scroll the page, and nothing around it, to where the quote is. */
function show(page, quote) {
  page.scrollTop += quote.getBoundingClientRect().top - page.getBoundingClientRect().top - page.clientHeight / 3;
}
