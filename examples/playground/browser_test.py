"""Does the playground work for somebody with a keyboard, on a small screen, without a network?

By hand, since it needs a browser: `pip install playwright`, a Chromium, and a playground that runs.

    cargo run --release --example playground
    python examples/playground/browser_test.py [URL] [--browser PROGRAM] [--pid PID] [--pictures DIR]

Prints a line for each thing that holds and fails at the first that does not. With the number of the
playground's process it also checks that nobody computes for a tab that is closed, hidden or paused.
"""

import argparse
import os
import time

from playwright.sync_api import sync_playwright

parser = argparse.ArgumentParser()
parser.add_argument("url", nargs="?", default="http://127.0.0.1:8765/")
parser.add_argument("--browser", help="the program of a Chromium; playwright's own if not given")
parser.add_argument("--pid", type=int, help="the playground's process, to see its CPU time")
parser.add_argument("--pictures", help="a folder for pictures of the page")
flags = parser.parse_args()

# Counts the screen's frames and, among them, those in which the number of turns has changed.
COUNT_FRAMES = """
(seconds) => new Promise((resolve) => {
  const turns = document.getElementById("turns");
  const start = performance.now();
  let [screen, changed, before, longest, last] = [0, 0, turns.textContent, 0, start];
  const tick = (now) => {
    screen += 1;
    if (turns.textContent !== before) {
      changed += 1;
      longest = Math.max(longest, now - last);
      [before, last] = [turns.textContent, now];
    }
    if (now - start < 1000 * seconds) requestAnimationFrame(tick);
    else resolve([screen / seconds, changed / seconds, longest]);
  };
  requestAnimationFrame(tick);
})
"""

# Controls that a screen reader would have no name for.
NAMELESS = """
() => [...document.querySelectorAll("button, input, select")]
  .filter((c) => !c.textContent.trim() || c.matches("input, select"))
  .filter((c) => !(c.labels?.length || c.getAttribute("aria-label")))
  .map((c) => c.id || c.outerHTML)
"""

SAME_ID = """
() => [...document.querySelectorAll("[id]")].map((e) => e.id)
  .filter((id, i, all) => all.indexOf(id) !== i)
"""

# Everything that reaches out of the screen's sides.
TOO_WIDE = """
() => [...document.querySelectorAll("body *")]
  .filter((e) => e.getBoundingClientRect().right > innerWidth + 0.5)
  .map((e) => e.id || e.tagName)
"""


def check(holds, words):
    assert holds, words
    print(f"  {words}")


def opened(context, complaints, fragment=""):
    page = context.new_page()
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    # No network: only the playground itself can be asked.
    def only_own(route):
        own = route.request.url.startswith(flags.url)
        if not own:
            complaints.append(f"asked for {route.request.url}")
        route.continue_() if own else route.abort()
    page.route("**/*", only_own)
    page.goto(flags.url + fragment)
    page.wait_for_selector("#play:not([disabled])")
    return page


def number(page, name="turns"):
    return float(page.inner_text(f"#{name}"))


def wait_for(page, holds, words):
    for _ in range(100):
        if holds():
            return check(True, words)
        page.wait_for_timeout(50)
    check(False, words)


def picture(page, name):
    if flags.pictures:
        os.makedirs(flags.pictures, exist_ok=True)
        page.screenshot(path=os.path.join(flags.pictures, name), full_page=True)


def cpu_seconds():
    with open(f"/proc/{flags.pid}/stat") as stat:
        fields = stat.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def is_idle(words):
    if flags.pid:
        time.sleep(0.5)
        before = cpu_seconds()
        time.sleep(2)
        used = cpu_seconds() - before
        check(used < 0.05, f"{words}: {used:.2f} s of CPU in 2 s")


def type_into(page, field, text):
    page.focus(f"#choice-{field}")
    page.keyboard.press("Control+a")
    page.keyboard.type(text)
    page.keyboard.press("Tab")


def keyboard(page):
    page.keyboard.press("t")
    wait_for(page, lambda: number(page) == 1, "t plays one turn")
    losses = lambda: (page.inner_text("#loss-d"), page.inner_text("#loss-g"))
    d, g = losses()
    page.keyboard.press("d")
    wait_for(page, lambda: losses()[0] != d and losses()[1] == g, "d is a step of D alone")
    d, g = losses()
    page.keyboard.press("g")
    wait_for(page, lambda: losses()[0] == d and losses()[1] != g, "g is a step of G alone")
    page.keyboard.press(" ")
    wait_for(page, lambda: number(page) > 30, "space plays")
    page.keyboard.press(" ")
    page.wait_for_timeout(300)
    stands = number(page)
    page.wait_for_timeout(300)
    check(number(page) == stands, "space pauses")
    page.keyboard.press("r")
    wait_for(page, lambda: number(page) == 0, "r starts again")
    page.keyboard.press("5")
    check(page.is_checked("#show-lattice"), "5 shows the lattice")
    page.keyboard.press("5")
    names = []
    for _ in range(60):
        page.keyboard.press("Tab")
        names.append(page.evaluate("document.activeElement.id"))
        visible = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        assert visible != "none" or names[-1] == "", f"{names[-1]} has no visible focus"
    wanted = {"play", "turn", "step-d", "step-g", "reset", "speed"}
    wanted |= {f"choice-{field}" for field in ("data", "loss", "seed", "rates-1", "turns", "scaled")}
    check(wanted <= set(names), "Tab reaches every control, and the focus shows")
    type_into(page, "rates-0", "0.005")
    wait_for(page, lambda: "0.005" in page.url, "a number typed in starts a game and is in the address")
    status = lambda: page.inner_text("#status")
    for field, text, why in (
        ("rates-0", "7", "Learning rates: 7 is no number from 0.000001 to 1"),
        ("batch_size", "2.5", "Points in a batch: 2.5 is no whole number from 2 to 1024"),
        ("width-1", "-3", "Units of a hidden layer: -3 is no whole number from 1 to 256"),
    ):
        before = page.input_value(f"#choice-{field}")
        type_into(page, field, text)
        wait_for(page, lambda: why in status(), f"refused in words: {why}")
        check(page.input_value(f"#choice-{field}") == before, "and put back")
    page.focus("#choice-turns")
    page.keyboard.press("Control+a")
    page.keyboard.type("4000")
    page.keyboard.press("Enter")
    wait_for(page, lambda: "4000" in page.url, "turns can be chosen")
    check(page.evaluate("document.activeElement.id") == "choice-turns", "and the field keeps the focus")


def addresses(context, complaints):
    for fragment, why in (
        ("#garbage", "What the address says after # is no game"),
        ("#data=moons&seed=4", "What the address says after # is no game"),
        ('#{"recipe":{"width":[0,8]}}', "0 is no whole number from 1 to 256"),
        ('#{"recipe":{"tricks":["none"]}}', "Here is the plain game"),
    ):
        page = opened(context, complaints, fragment)
        wait_for(page, lambda: why in page.inner_text("#status"), f"{fragment} is refused in words")
        check(page.evaluate("location.hash") == "", "and the plain game begins")
        page.close()


def speed(page):
    page.select_option("#speed", index=4)
    page.keyboard.press("Escape")
    page.locator("#play").click()
    page.wait_for_timeout(2000)
    screen, changed, longest = page.evaluate(COUNT_FRAMES, 10)
    rate = page.inner_text("#rate")
    check(changed >= 30, f"{changed:.1f} frames a second over 10 s (screen {screen:.0f}, longest "
          f"gap {longest:.0f} ms) at {rate} turns a second")


with sync_playwright() as playwright:
    browser = playwright.chromium.launch(executable_path=flags.browser)
    complaints = []
    print("a wide screen")
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = opened(context, complaints)
    keyboard(page)
    check(page.evaluate(NAMELESS) == [], "every control has a name")
    check(page.evaluate(SAME_ID) == [], "and an id of its own")
    page.select_option("#experiment", index=1)
    page.wait_for_timeout(300)
    speed(page)
    page.keyboard.press("5")
    picture(page, "wide.png")
    shared = page.url

    print("addresses")
    addresses(context, complaints)

    print("a second tab")
    other = opened(context, complaints, "#" + shared.split("#", 1)[1] if "#" in shared else "")
    other.keyboard.press("t")
    wait_for(other, lambda: number(other) == 1, "has a game of its own")
    page.bring_to_front()
    other.close()
    before = number(page)
    wait_for(page, lambda: number(page) > before, "its end is not the other's")
    page.keyboard.press(" ")
    is_idle("nobody computes for a paused tab")
    page.keyboard.press(" ")
    page.close()
    is_idle("nobody computes for a closed tab")

    print("a phone, in the dark")
    context = browser.new_context(viewport={"width": 360, "height": 740}, color_scheme="dark",
                                  device_scale_factor=2, has_touch=True)
    page = opened(context, complaints)
    check(page.evaluate(TOO_WIDE) == [], "nothing is wider than 360 px")
    page.locator("#play").tap()
    page.wait_for_timeout(3000)
    page.locator("#play").tap()
    check(number(page) > 10, "fingers play and pause")
    picture(page, "phone.png")

    print("reduced motion")
    context = browser.new_context(reduced_motion="reduce")
    page = opened(context, complaints)
    page.keyboard.press(" ")
    page.wait_for_timeout(1500)
    _, changed, _ = page.evaluate(COUNT_FRAMES, 4)
    check(0 < changed <= 1.3, f"the picture changes {changed:.2f} times a second")

    check(complaints == [], f"no complaints of the browser {complaints}")
    browser.close()
