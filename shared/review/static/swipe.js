// A finger that moves a picture to the right says yes, to the left no. Up and down it scrolls as ever.

const FAR = 80; // pixels from which on it is meant

/** `answered(answer)` hears of it when the finger leaves; what moves is what `picture()` gives. */
export function swipe(box, picture, answered) {
  let start = null;
  let moving = null;
  const show = (distance) => {
    if (moving) moving.style.transform = distance ? `translateX(${distance}px)` : "";
    box.dataset.swipe = meant(distance) ?? "";
  };
  const stop = () => {
    show(0);
    start = moving = null;
  };
  box.addEventListener("pointerdown", (event) => {
    stop(); // a second finger wants something else
    if (event.pointerType !== "touch" || !event.isPrimary) return;
    start = event.clientX;
    moving = picture();
  });
  box.addEventListener("pointermove", (event) => {
    if (start !== null) show(event.clientX - start);
  });
  box.addEventListener("pointercancel", stop);
  box.addEventListener("pointerup", (event) => {
    const answer = start === null ? null : meant(event.clientX - start);
    stop();
    if (answer) answered(answer);
  });
}

const meant = (distance) => (Math.abs(distance) < FAR ? null : distance > 0 ? "yes" : "no");
