// Enhancements; everything works without them.

// A vote shows at once, then the server's count replaces the guess.
document.addEventListener("submit", async (event) => {
  const form = event.target.closest("[data-vote]");
  if (!form) return;
  event.preventDefault();
  const button = form.querySelector("button");
  const count = form.querySelector("[data-count]");
  const show = (voted, votes) => {
    button.setAttribute("aria-pressed", voted);
    count.textContent = votes;
  };
  const voted = button.getAttribute("aria-pressed") === "true";
  const votes = Number(count.textContent);
  show(!voted, votes + (voted ? -1 : 1));
  try {
    const response = await fetch(form.action, {
      method: "POST",
      body: new FormData(form),
      headers: { Accept: "application/json" },
    });
    if (!response.ok) throw new Error(response.status);
    const answer = await response.json();
    show(answer.voted, answer.votes);
  } catch {
    show(voted, votes);
    form.submit();
  }
});

// The background strip and the progress of an import follow jobs until they have ended.
const isOpen = (region) => region.querySelector("[data-open]") !== null;
const follow = async (region, address, tries) => {
  for (; isOpen(region) && tries > 0; tries -= 1) {
    await new Promise((resolve) => setTimeout(resolve, 700));
    const response = await fetch(address);
    if (response.ok) region.innerHTML = await response.text();
  }
};

const strip = document.querySelector("[data-jobs]");
if (strip && isOpen(strip)) {
  follow(strip, strip.dataset.jobs, 40).then(() => {
    if (!isOpen(strip) && document.querySelector("[data-reload-when-done]")) location.reload();
  });
}
document.querySelectorAll("[data-follow]").forEach((it) => follow(it, it.dataset.follow, 1000));
