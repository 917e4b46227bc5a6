"use strict";
// Local times, dialogs, and honesty about a lost contact. Every page works without it.
(() => {
  // The page's language, in the reader's own country where that is known: it decides how a day is written.
  const page = document.documentElement.lang;
  const language = navigator.languages.find((one) => one.split("-")[0] === page) ?? page;
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;

  // Times stand in UTC; each is shown in the reader's zone, with the exact UTC time as its title.
  const localise = (root) => {
    const minute = new Intl.DateTimeFormat(language, { dateStyle: "medium", timeStyle: "short" });
    for (const time of root.querySelectorAll("time[datetime]:not([data-day])")) {
      const at = new Date(time.dateTime);
      if (!Number.isNaN(at.getTime())) time.textContent = minute.format(at);
    }
    // A legal day is a day of its own zone, whatever the reader's.
    const day = new Intl.DateTimeFormat(language, { dateStyle: "medium", timeZone: "UTC" });
    for (const time of root.querySelectorAll("time[data-day]")) {
      const at = new Date(time.textContent.trim() + "T00:00:00Z");
      if (!Number.isNaN(at.getTime())) time.textContent = day.format(at);
    }
  };
  localise(document);
  for (const name of document.querySelectorAll("[data-zone]")) name.textContent = zone;

  // An error is the first thing that a reader needs.
  document.getElementById("trouble")?.focus();

  // A form that is a page of its own opens in a dialog.
  const dialog = document.getElementById("dialog");
  document.addEventListener("click", async (event) => {
    const link = event.target.closest("a[data-dialog]");
    if (link && dialog && !event.ctrlKey && !event.metaKey && !event.shiftKey) {
      event.preventDefault();
      const answer = await fetch(link.href).catch(() => null);
      if (!answer || !answer.ok) { location.href = link.href; return; }
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      dialog.replaceChildren(...page.getElementById("main").childNodes);
      dialog.showModal();
      dialog.querySelector("input:not([type=hidden]), textarea, select")?.focus();
    } else if (event.target.closest("dialog a[data-close]")) {
      event.preventDefault();
      dialog.close();
    }
  });

  // The part that updates by itself. What was chosen and opened in it stays so.
  const banner = document.getElementById("contact");
  let lostAt = null;
  let failures = 0;
  let kept = null;
  const again = () => {
    const live = document.getElementById("live");
    if (live?.hasAttribute("hx-get")) htmx.trigger(live, "again");
  };
  const lost = (status) => {
    failures += 1;
    if (!lostAt) lostAt = new Date();
    const signedOut = status === 401;
    const time = new Intl.DateTimeFormat(language, { timeStyle: "medium" }).format(lostAt);
    const words = signedOut ? banner.dataset.out : banner.dataset.lost.replace("{time}", time);
    banner.textContent = words;
    banner.hidden = false;
    setTimeout(again, Math.min(60, 5 * 2 ** failures) * 1000);
  };
  document.addEventListener("htmx:sendError", () => lost(0));
  document.addEventListener("htmx:timeout", () => lost(0));
  document.addEventListener("htmx:responseError", (event) => lost(event.detail.xhr.status));
  document.addEventListener("htmx:beforeSwap", (event) => {
    const live = document.getElementById("live");
    if (!live || event.detail.target !== live || event.detail.xhr.status !== 200) return;
    kept = {
      chosen: [...live.querySelectorAll("input:checked")].map((input) => input.value),
      open: [...live.querySelectorAll("details")].map((one) => one.open),
      focus: document.activeElement && live.contains(document.activeElement) ? document.activeElement.getAttribute("href") : null,
    };
  });
  document.addEventListener("htmx:afterSwap", () => {
    failures = 0;
    lostAt = null;
    banner.hidden = true;
    const live = document.getElementById("live");
    if (!live) return;
    localise(live);
    if (!kept) return;
    for (const input of live.querySelectorAll("input[type=checkbox]")) input.checked = kept.chosen.includes(input.value);
    [...live.querySelectorAll("details")].forEach((one, place) => { one.open = kept.open[place] ?? false; });
    if (kept.focus) live.querySelector(`a[href="${kept.focus.replaceAll("\"", "")}"]`)?.focus();
    kept = null;
  });
})();
