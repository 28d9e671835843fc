// Comforts of the dashboard; everything works without them, except that pages stand still.

const root = document.documentElement;
const body = document.body;
const each = (selector, act) => document.querySelectorAll(selector).forEach(act);

each("[data-script]", (it) => { it.hidden = false; });
each("[data-no-script]", (it) => { it.hidden = true; });
each("[data-submit-on-change]", (form) => form.addEventListener("change", () => form.submit()));

// On a phone the menu is wider than the screen.
document.querySelector(".menu [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });

// Light and dark: as the system says, until somebody chooses. The server reads the cookie.
const systemIsDark = matchMedia("(prefers-color-scheme: dark)");
each("[data-theme-switch]", (button) => button.addEventListener("click", () => {
  const isDark = root.dataset.theme ? root.dataset.theme === "dark" : systemIsDark.matches;
  root.dataset.theme = isDark ? "light" : "dark";
  document.cookie = `django_jobs_theme=${root.dataset.theme}; path=${body.dataset.root}; max-age=31536000; samesite=lax`;
}));

// Times: "3 minutes ago", "in 5 min", "for 12 s", with the exact instant as a title.
const relative = new Intl.RelativeTimeFormat(root.lang || "en", { numeric: "always", style: "short" });
const UNITS = [["day", 86400], ["hour", 3600], ["minute", 60], ["second", 1]];
const unitFor = (seconds) => UNITS.find(([, size]) => Math.abs(seconds) >= size) || UNITS[3];
const amount = (unit, number) =>
  new Intl.NumberFormat(root.lang || "en", { style: "unit", unit, unitDisplay: "narrow" }).format(number);

function spell(kind, seconds) {
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

function tellTimes() {
  each("time[data-time]", (it) => {
    if (!it.dataset.time) return;
    const seconds = (new Date(it.dateTime) - Date.now()) / 1000;
    const text = spell(it.dataset.time, seconds);
    if (it.textContent === text) return;
    if (!it.title) it.title = it.textContent;
    it.textContent = text;
  });
}
tellTimes();
setInterval(() => { if (!document.hidden) tellTimes(); }, 1000);

// Ticking all rows of a table, and telling how many are ticked.
function countTicks() {
  const ticked = document.querySelectorAll("[data-tick]:checked").length;
  each("[data-tick-count]", (it) => { it.textContent = ticked; });
  each("[data-needs-ticks]", (it) => { it.disabled = ticked === 0; });
  each("[data-tick-all]", (it) => {
    const all = document.querySelectorAll("[data-tick]").length;
    it.checked = all > 0 && ticked === all;
    it.indeterminate = ticked > 0 && ticked < all;
  });
}
document.addEventListener("change", (event) => {
  if (event.target.matches("[data-tick-all]")) {
    each("[data-tick]", (it) => { it.checked = event.target.checked; });
  }
  if (event.target.matches("[data-tick-all], [data-tick]")) countTicks();
});
countTicks();

// Copying: browsers give their clipboard to pages under HTTPS only.
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

// One confirmation is open at a time; Escape or a click elsewhere closes it.
const closeOthers = (but) => each("details.confirm[open]", (it) => { if (it !== but) it.open = false; });
document.addEventListener("click", (event) => closeOthers(event.target.closest("details.confirm")));
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  const open = document.querySelector("details.confirm[open]");
  if (open) { open.open = false; open.querySelector("summary").focus(); }
});

// Live: the region asks for itself anew, unless that would disturb somebody.
const select = document.querySelector("[data-live-interval]");
const trouble = document.querySelector("[data-live-trouble]");
const STORED = "django_jobs_live";
let due = 0;
let failures = 0;
let etag = "";

const isBusy = () =>
  document.hidden ||
  document.querySelector("[data-tick]:checked, details.confirm[open], dialog[open]") ||
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
  document.addEventListener("htmx:after:swap", () => { tellTimes(); countTicks(); });
}

// A repair of many jobs goes on from page to page by itself.
each("[data-go-on]", (it) => {
  if (it.matches("form")) it.requestSubmit();
  else location.replace(it.href);
});
