// Which view an address shows. A view gets its place, the rest of the address, and a signal that ends it.

import { ApiError, token } from "./api.js";
import { fill, h, loading, trouble } from "./dom.js";
import { ask } from "./ask.js";
import { compare } from "./compare.js";
import { definition } from "./definition.js";
import { health } from "./health.js";
import { keys } from "./keys.js";
import { letters } from "./letters.js";
import { queues } from "./queues.js";
import { report } from "./report.js";
import { run } from "./run.js";
import { runs } from "./runs.js";
import { workflow, workflows } from "./workflows.js";

const ROUTES = [
  [/^$/, ask, "Ask"],
  [/^runs$/, runs, "Runs"],
  [/^runs\/([^/]+)$/, run, "Run"],
  [/^runs\/([^/]+)\/report$/, report, "Report"],
  [/^compare\/([^/]+)\/([^/]+)$/, compare, "Two runs"],
  [/^workflows$/, workflows, "Workflows"],
  // No workflow can have such a name.
  [/^workflows\/_check$/, definition, "Check a definition"],
  [/^workflows\/([^/]+)$/, workflow, "Workflow"],
  [/^keys$/, keys, "Keys"],
  [/^queues$/, queues, "Queues and workers"],
  [/^dead-letters$/, letters, "Dead letters"],
  [/^health$/, health, "Health"],
  [/^sign-in$/, otherKey, "Sign in"],
];

const main = document.getElementById("main");
let leaving = new AbortController();
let missing = false;

async function show() {
  leaving.abort();
  leaving = new AbortController();
  missing = false;
  const { signal } = leaving;
  const [path, query = ""] = location.hash.replace(/^#\/?/, "").split("?");
  const [view, title, parts] = found(path);
  document.title = title === "Ask" ? "Synapse" : `${title} – Synapse`;
  for (const link of document.querySelectorAll("nav a")) {
    const at = link.getAttribute("href").replace(/^#\/?/, "");
    if (at === path.split("/")[0].replace("compare", "runs")) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  fill(main, loading());
  try {
    await view(main, { parts, query: new URLSearchParams(query), signal });
  } catch (error) {
    if (signal.aborted) return;
    missing = error.status === 0;
    const [status, asked] = error instanceof ApiError ? [error.status, error.problem] : [];
    if (status === 401) fill(main, signIn(show, token.get() !== ""));
    else if (status === 404) fill(main, nothing(asked.detail));
    else fill(main, trouble(error, show));
  }
}

function found(path) {
  for (const [pattern, view, title] of ROUTES) {
    const match = path.match(pattern);
    if (match) return [view, title, match.slice(1).map(decodeURIComponent)];
  }
  return [nowhere, "Not found", []];
}

async function nowhere(place) {
  fill(place, nothing("The address names no page of the console."));
}

function nothing(why) {
  return h("div", { class: "empty" }, h("h1", {}, "There is nothing here"), h("p", {}, why), h("p", { class: "actions" }, h("a", { class: "button", href: "#/" }, "Ask a question"), h("a", { class: "button", href: "#/runs" }, "All runs")));
}

async function otherKey(place) {
  fill(place, signIn(() => { location.hash = "#/"; }, false));
}

function signIn(then, refused) {
  const input = h("input", { id: "token", type: "password", autocomplete: "current-password", required: true, minlength: "8" });
  const submit = (event) => {
    event.preventDefault();
    token.set(input.value.trim());
    then();
  };
  return h("form", { class: "card narrow", submit },
    h("h1", {}, "Sign in"),
    h("p", {}, "This API wants a token. It is kept in this tab until you close it."),
    h("label", { for: "token" }, "Token"), input,
    refused ? h("p", { class: "notice bad", role: "alert" }, "The API did not take the token that was given.") : null,
    h("button", { type: "submit", class: "primary" }, "Sign in"));
}

window.addEventListener("hashchange", () => {
  show();
  main.focus({ preventScroll: true });
  window.scrollTo(0, 0);
});
// What could not be shown while the API was away is shown now; what is shown is left as it is.
window.addEventListener("synapse-back", () => { if (missing) show(); });
document.addEventListener("keydown", (event) => {
  if (event.key !== "/" || event.ctrlKey || event.metaKey || event.target.closest("input, textarea, select")) return;
  const first = document.querySelector("#question, #filter");
  if (!first) return;
  event.preventDefault();
  first.focus();
});
show();
