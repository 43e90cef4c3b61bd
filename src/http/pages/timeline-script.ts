/**
 * What makes a timeline live. It adds what the server has made HTML of, and runs under a policy by which nothing that stands in
 * the page can be run. Without it the page is a snapshot.
 */
export const TIMELINE_SCRIPT = `"use strict";
(() => {
  const list = document.getElementById("trail");
  const live = document.getElementById("live");
  if (!list || !live || !window.EventSource) return;
  const policy = window.trustedTypes ? window.trustedTypes.createPolicy("timeline", { createHTML: (html) => html }) : null;
  const html = (text) => (policy ? policy.createHTML(text) : text);
  const at = location.search;
  let last = Number(list.dataset.last);

  const units = [["day", 86400], ["hour", 3600], ["minute", 60], ["second", 1]];
  const words = new Intl.RelativeTimeFormat("en", { numeric: "auto" });
  const tick = () => {
    for (const time of document.querySelectorAll("time.ago")) {
      const seconds = Math.min(0, Math.round((Date.parse(time.dateTime) - Date.now()) / 1000));
      const [unit, size] = units.find(([, size]) => -seconds >= size) || units[3];
      time.textContent = words.format(Math.round(seconds / size), unit);
    }
  };
  setInterval(tick, 10000);
  tick();

  let due = null;
  const refresh = () => {
    due = null;
    fetch(location.pathname + at + "&part=summary", { credentials: "omit" })
      .then((answer) => (answer.ok ? answer.text() : null))
      .then((text) => {
        if (text === null) return;
        document.getElementById("summary").innerHTML = html(text);
        tick();
      })
      .catch(() => {});
  };

  const source = new EventSource(location.pathname + "/timeline/stream" + at + "&after_seq=" + last);
  source.addEventListener("open", () => (live.textContent = "Live: new entries appear by themselves."));
  source.addEventListener("entry", (event) => {
    const { seq, item } = JSON.parse(event.data);
    if (seq <= last) return;
    last = seq;
    list.insertAdjacentHTML("beforeend", html(item));
    list.lastElementChild.classList.add("fresh");
    tick();
    due = due || setTimeout(refresh, 400);
  });
  source.addEventListener("end", () => {
    source.close();
    live.textContent = "Nothing more is expected. Should there be more, it is seen when the page is loaded again.";
    refresh();
  });
  source.addEventListener("error", () => {
    live.textContent =
      source.readyState === EventSource.CLOSED
        ? "Not live any more: the link may have expired. Load the page again, or make a new link."
        : "The connection was lost; trying again.";
  });
})();
`;
