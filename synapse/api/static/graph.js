// A workflow's tree as a drawing, from top to bottom: what comes after what, what goes on beside it, what is repeated or perhaps left out.

import { svg } from "./dom.js";

const WIDTH = 176, HEIGHT = 46, GAP = 26, PAD = 14, TITLE = 22;
const MOST = 24, LONGEST = 48, LETTER = 7;

/** The drawing of a definition's tree. What it shows stands beside it as text too: `aria-label` names it only. */
export function graph(node, label) {
  const block = measure(node);
  const drawn = svg("svg", { class: "graph", role: "img", "aria-label": label, viewBox: `-2 -2 ${block.width + 4} ${block.height + 4}`, width: block.width + 4, height: block.height + 4 });
  block.draw(drawn, 0, 0);
  return drawn;
}

/** A node's size and how to draw it: its way in is the middle of its upper edge, its way out that of its lower one. */
function measure(node) {
  if (node.chain) return column(node.chain.map(measure));
  if (node.group) return fork(node.group.map(measure));
  if (node.chord) return column([measure(node.chord), measure(node.body)]);
  if (node.foreach) return frame(measure(node.do), `× each of ${node.items}`, "many");
  if (node.when) {
    const then = frame(measure(node.then), `when ${node.when}`, "perhaps");
    return node.otherwise ? fork([then, frame(measure(node.otherwise), "otherwise", "perhaps")]) : then;
  }
  const kind = ["step", "timer", "wait_for", "approval"].find((each) => node[each]);
  return box(node[kind] ?? "?", node.agent ?? (kind ?? "").replace("_", " "), kind === "step" ? "" : "waits");
}

function box(name, about, kind) {
  return {
    width: WIDTH, height: HEIGHT,
    draw: (onto, x, y) => onto.append(svg("g", {}, svg("title", {}, `${name}: ${about}`), svg("rect", { x, y, width: WIDTH, height: HEIGHT, rx: 8, class: `node ${kind}` }),
      text(x + WIDTH / 2, y + 19, name, MOST, "name"), text(x + WIDTH / 2, y + 36, about, MOST, "about"))),
  };
}

function column(parts) {
  const width = Math.max(...parts.map((each) => each.width));
  return {
    width, height: parts.reduce((sum, each) => sum + each.height + GAP, -GAP),
    draw: (onto, x, y) => parts.forEach((each, at) => {
      if (at > 0) onto.append(edge(x + width / 2, y - GAP, x + width / 2, y));
      each.draw(onto, x + (width - each.width) / 2, y);
      y += each.height + GAP;
    }),
  };
}

function fork(parts) {
  const width = parts.reduce((sum, each) => sum + each.width + GAP, -GAP);
  const inner = Math.max(...parts.map((each) => each.height));
  return {
    width, height: inner + 2 * GAP,
    draw: (onto, x, y) => {
      const middle = x + width / 2, low = y + GAP + inner;
      for (const each of parts) {
        const own = x + each.width / 2;
        // Straight down past the longest branch first: the way to the meeting point must not cross one.
        onto.append(edge(middle, y, own, y + GAP), line(own, y + GAP + each.height, own, low), line(own, low, middle, low + GAP));
        each.draw(onto, x, y + GAP);
        x += each.width + GAP;
      }
    },
  };
}

function frame(inner, title, kind) {
  const width = Math.max(inner.width, WIDTH, LETTER * Math.min(title.length, LONGEST)) + 2 * PAD;
  const height = inner.height + TITLE + 2 * PAD;
  return {
    width, height,
    draw: (onto, x, y) => {
      onto.append(svg("g", {}, svg("title", {}, title), svg("rect", { x, y, width, height, rx: 10, class: `frame ${kind}` }),
        text(x + width / 2, y + TITLE - 3, title, Math.floor(width / LETTER), "about")));
      inner.draw(onto, x + (width - inner.width) / 2, y + TITLE + PAD);
    },
  };
}

function line(x1, y1, x2, y2) {
  const half = (y1 + y2) / 2;
  return svg("path", { d: `M${x1} ${y1}C${x1} ${half} ${x2} ${half} ${x2} ${y2}`, class: "edge" });
}

function edge(x1, y1, x2, y2) {
  return svg("g", {}, line(x1, y1, x2, y2 - 5), svg("path", { d: `M${x2 - 4} ${y2 - 7}L${x2 + 4} ${y2 - 7}L${x2} ${y2}Z`, class: "tip" }));
}

function text(x, y, words, most, kind) {
  return svg("text", { x, y, "text-anchor": "middle", class: kind }, words.length > most ? `${words.slice(0, most - 1)}…` : words);
}
