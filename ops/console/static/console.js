// Keys, and counts that keep themselves up to date.  Everything works without it.
"use strict";

const typing = (node) => node.closest("input, select, textarea, dialog[open]");
const find = () => document.querySelector("[data-find]");
const help = document.getElementById("help");
let going = false; // g was pressed, and the next key says where to

function shortcut(event) {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (typing(event.target)) {
    if (event.key === "Escape" && !event.target.closest("dialog")) event.target.blur();
    return;
  }
  const link = going && document.querySelector(`[data-go="${CSS.escape(event.key)}"]`);
  going = false;
  if (link) link.click();
  else if (event.key === "g") going = true;
  else if (event.key === "/" && find()) { event.preventDefault(); find().focus(); find().select(); }
  else if (event.key === "?" && help) help.showModal();
}

async function refresh(live) {
  if (document.hidden || live.contains(document.activeElement)) return;
  const open = [...live.querySelectorAll("details")].map((one) => one.open);
  try {
    const answer = await fetch(location.href);
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const found = page.getElementById("live");
    if (!answer.ok || !found || page.querySelector(".broken")) throw new Error(answer.status);
    live.replaceChildren(...found.childNodes);
    live.querySelectorAll("details").forEach((one, at) => { one.open = open[at]; });
    document.querySelector("footer").replaceChildren(...page.querySelector("footer").childNodes);
    document.body.classList.remove("stale");
  } catch {
    document.body.classList.add("stale");
  }
}

document.addEventListener("keydown", shortcut);
document.addEventListener("click", (event) => {
  if (event.target.closest("[data-help]") && help) { event.preventDefault(); help.showModal(); }
});
const live = document.getElementById("live");
const later = () => setTimeout(() => refresh(live).finally(later), 1000 * live.dataset.refresh);
if (live) later();
