// What happened, line by line: a run's log, or that of one of its steps, narrowed by how grave a line is and by words.

import { fill, h } from "./dom.js";
import { duration, when } from "./format.js";

const MOST = 500;
const GRAVE = { "run.failed": "error", "step.failed": "error", "step.retrying": "warning", "step.lost": "warning", "step.skipped": "warning", "run.cancelled": "warning" };

/** How grave an event is: error, warning or info. */
export function level(event) {
  return GRAVE[event.name] ?? "info";
}

/** What an event says, in words. */
export function told(event) {
  const { data } = event;
  const why = data.error ? `: ${data.error.message} (${data.error.code})` : data.reason ? `: ${data.reason}` : "";
  switch (event.name) {
    case "run.created": return `the run of ${data.workflow} is written`;
    case "step.started": return `try ${event.attempt} begins on ${data.worker ?? "a worker"}`;
    case "step.progress": return `${data.done ?? data.progress} of ${data.total}${data.message ? `: ${data.message}` : ""}`;
    case "step.retrying": return `try ${event.attempt} failed${why}; the next one comes in ${duration(1000 * (data.retry_in ?? 0))}`;
    case "step.lost": return `its worker is gone or has left it${why}; it is ready again`;
    case "step.skipped": return `it failed and is left out${why}`;
    case "step.waiting": return `waits for ${data.kind === "timer" ? "a time" : data.signal}${data.until ? ` until ${when(data.until)}` : ""}`;
    case "signal.received": return `the signal ${data.signal} came${data.by ? ` from ${data.by}` : ""}`;
    default: return `${event.name.replace(/^(step|run)\./, "")}${why}`;
  }
}

/** A log with its controls. `show` draws the events that it is given, as far as they are asked for. */
export function log(label, step = null) {
  let events = [];
  const lines = h("ol", { class: "events" });
  const least = h("select", { "aria-label": `${label}: how grave`, change: draw }, h("option", { value: "" }, "every line"), h("option", { value: "grave" }, "warnings and errors"));
  const words = h("input", { type: "search", "aria-label": `${label}: with the words`, placeholder: "with the words", autocomplete: "off", input: draw });
  const cut = h("p", { class: "hint", role: "status" });

  function draw() {
    const wanted = words.value.trim().toLowerCase();
    const found = events.filter((event) => (step === null || event.step === step) && (least.value === "" || level(event) !== "info")
      && (wanted === "" || `${event.step ?? "run"} ${event.name} ${event.agent ?? ""} ${told(event)}`.toLowerCase().includes(wanted)));
    fill(lines, found.slice(-MOST).map(line));
    cut.textContent = !found.length ? (events.length ? "No line is like that." : "Nothing has happened yet.") : found.length > MOST ? `The last ${MOST} of ${found.length} lines.` : "";
  }

  return {
    element: h("div", { class: "log" }, h("div", { class: "filters" }, h("p", {}, least), h("p", {}, words)), cut, lines),
    show: (all) => {
      events = all;
      draw();
    },
  };

  function line(event) {
    return h("li", { class: level(event) }, h("span", { class: "number" }, String(event.seq)),
      h("time", { datetime: event.at, title: when(event.at) }, event.at.slice(11, 23)), step === null ? h("strong", {}, event.step ?? "run") : null,
      level(event) === "info" ? null : h("span", { class: "grave" }, level(event)), h("span", { class: "said", title: `${event.name} ${JSON.stringify(event.data)}` }, told(event)));
  }
}
