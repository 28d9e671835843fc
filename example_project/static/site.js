// Two enhancements; everything works without them.

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

// The background strip follows a job until it has ended.
const strip = document.querySelector("[data-jobs]");
const follow = async (tries) => {
  const inside = strip.querySelector("[data-open]");
  if (!inside || tries === 0) return;
  await new Promise((resolve) => setTimeout(resolve, 700));
  const response = await fetch(strip.dataset.jobs);
  if (response.ok) strip.innerHTML = await response.text();
  if (!strip.querySelector("[data-open]") && document.querySelector("[data-reload-when-done]")) {
    location.reload();
    return;
  }
  follow(tries - 1);
};
if (strip) follow(40);
