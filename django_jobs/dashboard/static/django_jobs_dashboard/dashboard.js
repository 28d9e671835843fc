// Enhancements. Everything works without this script, except live updates.

const root = document.documentElement;
const body = document.body;
const each = (selector, act) => document.querySelectorAll(selector).forEach(act);

each("[data-script]", (it) => { it.hidden = false; });
each("[data-no-script]", (it) => { it.hidden = true; });
each("[data-submit-on-change]", (form) => form.addEventListener("change", () => form.submit()));

// On phones the menu is wider than the screen: scroll to the current entry.
document.querySelector(".menu [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });

// Light or dark: the system's preference, until the visitor chooses. The server reads the cookie.
const systemIsDark = matchMedia("(prefers-color-scheme: dark)");
each("[data-theme-switch]", (button) => button.addEventListener("click", () => {
  const isDark = root.dataset.theme ? root.dataset.theme === "dark" : systemIsDark.matches;
  root.dataset.theme = isDark ? "light" : "dark";
  document.cookie = `django_jobs_theme=${root.dataset.theme}; path=${body.dataset.root}; max-age=31536000; samesite=lax`;
}));

// Times: "3 min. ago", "in 5 min.", "12s", with the exact time as a tooltip.
const relative = new Intl.RelativeTimeFormat(root.lang || "en", { numeric: "always", style: "short" });
const UNITS = [["day", 86400], ["hour", 3600], ["minute", 60], ["second", 1]];
const unitFor = (seconds) => UNITS.find(([, size]) => Math.abs(seconds) >= size) || UNITS[3];
const amount = (unit, number) =>
  new Intl.NumberFormat(root.lang || "en", { style: "unit", unit, unitDisplay: "narrow" }).format(number);

function describe(kind, seconds) {
  const [unit, size] = unitFor(seconds);
  const number = Math.trunc(seconds / size);
  if (kind === "ago") return relative.format(number, unit);
  const past = Math.max(0, -seconds);
  const [large, largeSize] = unitFor(past);
  const rest = past % largeSize;
  const [small, smallSize] = unitFor(rest);
  const first = amount(large, Math.floor(past / largeSize));
  return small === large || rest < smallSize ? first : `${first} ${amount(small, Math.floor(rest / smallSize))}`;
}

function updateTimes() {
  each("time[data-time]", (it) => {
    if (!it.dataset.time) return;
    const seconds = (new Date(it.dateTime) - Date.now()) / 1000;
    const text = describe(it.dataset.time, seconds);
    if (it.textContent === text) return;
    if (!it.title) it.title = it.textContent;
    it.textContent = text;
  });
}
updateTimes();
setInterval(() => { if (!document.hidden) updateTimes(); }, 1000);

// Select all rows of a table, and count the selected ones.
function countSelected() {
  const selected = document.querySelectorAll("[data-select]:checked").length;
  each("[data-selected-count]", (it) => { it.textContent = selected; });
  each("[data-needs-selection]", (it) => { it.disabled = selected === 0; });
  each("[data-select-all]", (it) => {
    const all = document.querySelectorAll("[data-select]").length;
    it.checked = all > 0 && selected === all;
    it.indeterminate = selected > 0 && selected < all;
  });
}
document.addEventListener("change", (event) => {
  if (event.target.matches("[data-select-all]")) {
    each("[data-select]", (it) => { it.checked = event.target.checked; });
  }
  if (event.target.matches("[data-select-all], [data-select]")) countSelected();
});
countSelected();

// Copy: browsers offer the clipboard API only on HTTPS.
async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    const area = document.createElement("textarea");
    area.value = text;
    body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  }
}
document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  await copy(document.getElementById(button.dataset.copy).textContent);
  const label = button.querySelector("span") || button;
  const before = label.textContent;
  label.textContent = document.querySelector("[data-copied]").content.textContent;
  setTimeout(() => { label.textContent = before; }, 1500);
});

// Only one confirmation is open at a time. Escape or a click elsewhere closes it.
const closeOthers = (but) => each("details.confirm[open]", (it) => { if (it !== but) it.open = false; });
document.addEventListener("click", (event) => closeOthers(event.target.closest("details.confirm")));
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  const open = document.querySelector("details.confirm[open]");
  if (open) { open.open = false; open.querySelector("summary").focus(); }
});

// Live updates: reload the region, unless the visitor is using it.
const select = document.querySelector("[data-live-interval]");
const trouble = document.querySelector("[data-live-trouble]");
const STORED = "django_jobs_live";
let due = 0;
let failures = 0;
let etag = "";

const isBusy = () =>
  document.hidden ||
  document.querySelector("[data-select]:checked, details.confirm[open], dialog[open]") ||
  document.activeElement?.matches("#live input:not([type=checkbox]), #live select, #live textarea") ||
  String(getSelection()) !== "";

function wait() {
  due = Date.now() + Number(select.value) * 1000 * Math.min(2 ** failures, 16);
}
if (select && window.htmx) {
  const stored = localStorage.getItem(STORED);
  select.value = [...select.options].some((it) => it.value === stored) ? stored : "5";
  select.addEventListener("change", () => { localStorage.setItem(STORED, select.value); wait(); });
  wait();
  setInterval(() => {
    if (select.value === "0" || Date.now() < due || isBusy()) return;
    wait();
    htmx.trigger("#live", "live-update");
  }, 250);
  document.addEventListener("htmx:config:request", (event) => {
    if (etag) event.detail.ctx.request.headers["If-None-Match"] = etag;
  });
  document.addEventListener("htmx:after:request", (event) => {
    const { response } = event.detail.ctx;
    etag = response.headers.get("ETag") || etag;
    failures = response.status < 400 ? 0 : failures + 1;
    trouble.hidden = failures === 0;
  });
  document.addEventListener("htmx:error", () => { failures += 1; trouble.hidden = false; });
  document.addEventListener("htmx:after:swap", () => { updateTimes(); countSelected(); });
}

// A bulk run continues to the next step automatically.
each("[data-go-on]", (it) => {
  if (it.matches("form")) it.requestSubmit();
  else location.replace(it.href);
});
