// What somebody sees who is here for the first time: what this is, in one screen, and something to begin with.

import { h, svg } from "./dom.js";

const EXAMPLES = ["What does acks_late change about Celery tasks?", "When does PostgreSQL skip locked rows?", "How long may a RabbitMQ consumer leave a message unacknowledged?"];

/** `begin` is called with the question that somebody wants to start from. */
export function welcome(begin) {
  return h("section", { class: "welcome", "aria-label": "How it works" },
    h("p", { class: "examples" }, h("span", { class: "hint" }, "For example: "), EXAMPLES.map((each) => h("button", { type: "button", click: () => begin(each) }, each))),
    h("div", { class: "three" },
      card(question(), "1. Ask", "Seven agents take the question apart, search, read, check, write and save. The limits below the question say how far they go."),
      card(graph(), "2. Watch, or leave", "Every step is drawn as it happens, with its tries and times. A run goes on without this page, and over restarts of everything."),
      card(page(), "3. Check", "Every statement of the report has a quote. A click shows it in the stored page that it was read from. What has no quote is not said.")),
    h("p", { class: "hint" }, "It reads what it is given. Documents of yours: ", h("code", {}, "synapse index FOLDER --name NAME"), ", then name the corpus under Sources and limits. The web: ",
      h("code", {}, "SYNAPSE_SEARCH_PROVIDERS"), ". The same by the command: ", h("code", {}, "synapse research \"...\""), "; for programs: ", h("a", { href: "docs" }, "the API"), "."));
}

function card(drawing, title, text) {
  return h("div", { class: "card" }, drawing, h("h2", {}, title), h("p", {}, text));
}

function drawn(...shapes) {
  return svg("svg", { class: "sketch", viewBox: "0 0 160 64", "aria-hidden": "true" }, shapes);
}

const bar = (x, y, width, kind = "") => svg("rect", { x, y, width, height: 6, rx: 3, class: kind });

function question() {
  return drawn(svg("path", { d: "M20 6h120a8 8 0 0 1 8 8v24a8 8 0 0 1-8 8H60l-14 12V46H20a8 8 0 0 1-8-8V14a8 8 0 0 1 8-8z", class: "outline" }), bar(26, 18, 92), bar(26, 30, 58, "busy"));
}

function graph() {
  const edges = ["M30 32H58", "M74 32C88 32 84 12 98 12", "M74 32H98", "M74 32C88 32 84 52 98 52", "M112 12C128 12 124 32 136 32", "M112 32H136", "M112 52C128 52 124 32 136 32"];
  const nodes = [[22, 32, "good"], [66, 32, "good"], [105, 12, "good"], [105, 32, "busy"], [105, 52, "good"], [142, 32, ""]];
  return drawn(edges.map((d) => svg("path", { d, class: "edge" })), nodes.map(([cx, cy, kind]) => svg("circle", { cx, cy, r: 7, class: kind })));
}

function page() {
  return drawn(bar(14, 16, 52), bar(14, 29, 44), svg("rect", { x: 62, y: 26, width: 14, height: 12, rx: 3, class: "busy" }), svg("path", { d: "M80 32H94", class: "edge" }),
    svg("rect", { x: 98, y: 3, width: 50, height: 58, rx: 5, class: "outline" }), bar(105, 12, 34), svg("rect", { x: 103, y: 24, width: 40, height: 13, rx: 2, class: "mark" }), bar(105, 28, 34), bar(105, 44, 26));
}
