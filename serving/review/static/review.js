// Keys for those who live in these pages. Everything works without this file.
"use strict";

(() => {
  const typing = (node) => node.closest("input, textarea, select, [contenteditable]");
  const rows = () => Array.from(document.querySelectorAll("a.row-link"));
  let leader = 0;

  const mark = (link) => {
    document.querySelectorAll("tr.here").forEach((row) => row.classList.remove("here"));
    link.closest("tr").classList.add("here");
    link.focus();
    link.scrollIntoView({ block: "nearest" });
  };

  const move = (step) => {
    const links = rows();
    if (!links.length) return;
    const now = links.indexOf(document.activeElement);
    mark(links[now < 0 ? (step > 0 ? 0 : links.length - 1) : Math.min(links.length - 1, Math.max(0, now + step))]);
  };

  const follow = (selector) => {
    const link = document.querySelector(selector);
    if (link) link.click();
  };

  const actions = () => {
    const first = document.querySelector("#case .step-box:not([open]) summary, #case form select, #case form input:not([type=hidden]), #case form textarea");
    if (first) first.focus();
  };

  const search = () => {
    const field = document.getElementById("search");
    if (field) { field.focus(); field.select(); }
  };

  const deeds = {
    j: () => move(1),
    k: () => move(-1),
    n: () => follow("a[rel=next]"),
    p: () => follow("a[rel=prev]"),
    a: actions,
    "/": search,
    "?": () => document.getElementById("keys").showModal(),
    u: () => follow("a[data-back]"),
  };

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
    if (typing(event.target)) {
      if (event.key === "Escape") event.target.blur();
      return;
    }
    if (event.key === "g") { leader = Date.now(); return; }
    if (Date.now() - leader < 1500) {
      leader = 0;
      const page = document.querySelector(`nav a[data-key="${CSS.escape(event.key)}"]`);
      if (page) { event.preventDefault(); page.click(); return; }
    }
    const deed = deeds[event.key];
    if (deed) { event.preventDefault(); deed(); }
  });

  const refused = document.getElementById("refused");
  if (refused) refused.focus();
})();
