// Which view an address shows. A view gets its place, the rest of the address, and a signal that ends it.

import { ApiError, token } from "./api.js";
import { fill, h, trouble } from "./dom.js";
import { ask } from "./ask.js";
import { health } from "./health.js";
import { letters } from "./letters.js";
import { report } from "./report.js";
import { run } from "./run.js";
import { runs } from "./runs.js";
import { workflow, workflows } from "./workflows.js";

const ROUTES = [
  [/^$/, ask, "Ask"],
  [/^runs$/, runs, "Runs"],
  [/^runs\/([^/]+)$/, run, "Run"],
  [/^runs\/([^/]+)\/report$/, report, "Report"],
  [/^workflows$/, workflows, "Workflows"],
  [/^workflows\/([^/]+)$/, workflow, "Workflow"],
  [/^dead-letters$/, letters, "Dead letters"],
  [/^health$/, health, "Health"],
];

const main = document.getElementById("main");
let leaving = new AbortController();

async function show() {
  leaving.abort();
  leaving = new AbortController();
  const { signal } = leaving;
  const [path, query = ""] = location.hash.replace(/^#\/?/, "").split("?");
  const [view, title, parts] = found(path);
  document.title = title === "Ask" ? "Synapse" : `${title} – Synapse`;
  for (const link of document.querySelectorAll("nav a")) {
    const at = link.getAttribute("href").replace(/^#\/?/, "");
    if (at === path.split("/")[0]) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  fill(main, h("p", { class: "loading", role: "status" }, "Loading"));
  try {
    await view(main, { parts, query: new URLSearchParams(query), signal });
  } catch (error) {
    if (signal.aborted) return;
    fill(main, error instanceof ApiError && error.status === 401 ? signIn() : trouble(error, show));
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
  fill(place, h("div", { class: "empty" }, h("h1", {}, "There is nothing here"), h("p", {}, h("a", { href: "#/" }, "Ask a question"))));
}

function signIn() {
  const input = h("input", { id: "token", type: "password", autocomplete: "current-password", required: true, minlength: "8" });
  const submit = (event) => {
    event.preventDefault();
    token.set(input.value.trim());
    show();
  };
  return h("form", { class: "card narrow", submit },
    h("h1", {}, "Sign in"),
    h("p", {}, "This API wants a token. It is kept in this tab until you close it."),
    h("label", { for: "token" }, "Token"), input,
    token.get() ? h("p", { class: "notice bad", role: "alert" }, "The API did not take the token that was given.") : null,
    h("button", { type: "submit", class: "primary" }, "Sign in"));
}

window.addEventListener("hashchange", () => {
  show();
  main.focus({ preventScroll: true });
  window.scrollTo(0, 0);
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "/" || event.ctrlKey || event.metaKey || event.target.closest("input, textarea, select")) return;
  const first = document.querySelector("#question, #filter");
  if (!first) return;
  event.preventDefault();
  first.focus();
});
show();
