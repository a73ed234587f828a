// Elements from data. Text is only ever set as text: what a page, a model or a user wrote is never markup here.

/** An element with attributes (functions become listeners, false and null are left out) and children. */
export function h(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === false || value === null || value === undefined) continue;
    if (typeof value === "function") made.addEventListener(name, value);
    else if (name in made && typeof value !== "string") made[name] = value;
    else made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return made;
}

/** An element of a drawing. */
export function svg(tag, attributes = {}, ...children) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children.flat(Infinity));
  return made;
}

/** Put something else in an element's place of contents; what had the focus keeps it if it is still there. */
export function fill(element, ...children) {
  const focused = element.contains(document.activeElement) ? document.activeElement.id : "";
  element.replaceChildren(...children.flat(Infinity).filter(Boolean));
  if (focused) document.getElementById(focused)?.focus();
}

/** Tell people who do not see the page what happened. */
export function say(text) {
  document.getElementById("said").textContent = text;
}

/** A link to somewhere else, or plain text where that would be no web page. */
export function outside(url, text) {
  return /^https?:\/\//i.test(url) ? h("a", { href: url, rel: "noopener noreferrer", target: "_blank" }, text) : h("span", { title: url }, text);
}

/** A place that scrolls sideways where it does not fit, also by the keyboard. */
export function wide(label, ...children) {
  return h("div", { class: "scroll", role: "region", "aria-label": label, tabindex: "0" }, ...children);
}

/** What a place shows until it has something; for those who are answered at once it does not appear at all. */
export function loading(what = "Loading") {
  return h("div", { class: "loading", role: "status" }, h("span", { class: "unseen" }, what), h("span", { "aria-hidden": "true" }), h("span", { "aria-hidden": "true" }), h("span", { "aria-hidden": "true" }));
}

/** What a section shows while it has nothing. */
export function empty(title, ...more) {
  return h("div", { class: "empty" }, h("h2", {}, title), ...more);
}

/** A problem as the API described it, with what can be done. */
export function trouble(error, again = null) {
  const told = error.problem;
  if (told?.code === "insufficient-scope") return lacking(told);
  if (error.status === 0) return away(again);
  return h("div", { class: "notice bad", role: "alert" },
    h("strong", {}, told?.title ?? "That did not work"),
    h("p", {}, told?.field && !told.errors ? [h("code", {}, told.field), " "] : null, told?.detail ?? String(error.message ?? error)),
    told?.remedy ? h("p", {}, `What helps: ${told.remedy}`) : null,
    (told?.errors ?? []).map((each) => h("p", {}, h("code", {}, each.field), ` ${each.detail}`)),
    again ? h("button", { type: "button", click: again }, "Try again") : null);
}

/** That the API could not be reached; when it can be, what failed is shown or can be done again. */
function away(again) {
  return h("div", { class: "notice bad", role: "alert" },
    h("strong", {}, "The API does not answer"),
    h("p", {}, "What runs goes on without this page. The page looks for the API every two seconds."),
    again ? h("button", { type: "button", click: again }, "Try now") : null);
}

/** That the key may not do something: what it lacks, and who helps. */
function lacking(told) {
  return h("div", { class: "notice bad", role: "alert" },
    h("strong", {}, "Your key may not do that"),
    h("p", {}, `The API says: ${told.detail}. An administrator of your tenant can make a key that has it, or the operator can.`),
    h("a", { class: "button", href: "#/sign-in" }, "Use another key"));
}
