"""The page about a run in a headless Chromium: what it shows, that it asks nobody for anything, and that it can be read,
light and dark, on a wide screen and a narrow one. SLIPWAY_PICTURES=FOLDER keeps the screenshots."""

import json
import os
import re
import shutil
import subprocess
import tempfile

from checks import check, skip
from world import Place

# Runs in the page after all else and leaves its findings where --dump-dom shows them.
PROBE = """
<script>
const shown = {problems: window.problems || []};
const luminance = ([r, g, b]) => [r, g, b].map(v => (v /= 255) <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
  .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
const colour = text => text.match(/[\\d.]+/g).map(Number);
const ground = element => {
  for (; element; element = element.parentElement) {
    const [r, g, b, a] = colour(getComputedStyle(element).backgroundColor);
    if (a === undefined || a > 0) return [r, g, b];
  }
  return [255, 255, 255];
};
shown.contrast = 21;
for (const element of document.querySelectorAll('body *')) {
  if (element.closest('svg, script, style') || ![...element.childNodes].some(n => n.nodeType === 3 && n.data.trim())) continue;
  const [one, other] = [luminance(colour(getComputedStyle(element).color)), luminance(ground(element))];
  const ratio = (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
  if (ratio < shown.contrast) [shown.contrast, shown.faintest] = [ratio, element.outerHTML.slice(0, 80)];
}
shown.ground = luminance(ground(document.body));
// Letters on boxes of the graph.
shown.drawn = 21;
for (const text of document.querySelectorAll('svg.graph text')) {
  const box = text.parentElement.querySelector('rect') || text.previousElementSibling;
  if (!box) continue;
  const [one, other] = [luminance(colour(getComputedStyle(text).fill)), luminance(colour(getComputedStyle(box).fill))];
  shown.drawn = Math.min(shown.drawn, (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05));
}
shown.fetched = performance.getEntriesByType('resource').map(entry => entry.name);
shown.overflow = document.documentElement.scrollWidth - document.documentElement.clientWidth;
shown.headings = [...document.querySelectorAll('h1, h2')].map(heading => heading.innerText);
shown.broken = [...document.querySelectorAll('th, .word')].filter(cell => {
  const words = document.createRange();
  words.selectNodeContents(cell);
  return new Set([...words.getClientRects()].map(line => line.top)).size > 1;
}).map(cell => cell.innerText);
const bars = [...document.querySelectorAll('.bar')].map(bar => [bar.getBoundingClientRect(), bar.parentElement.getBoundingClientRect()]);
shown.bars = bars.length;
shown.outside = bars.filter(([bar, lane]) => bar.left < lane.left - 1 || bar.right > lane.right + 3 || bar.bottom > lane.bottom + 1).length;
shown.overlapping = bars.filter(([one], i) => bars.some(([other], j) => j > i &&
  one.left < other.right - 3 && other.left < one.right - 3 && one.top < other.bottom - 1 && other.top < one.bottom - 1)).length;
shown.path = document.querySelectorAll('.bar.path').length;
const svg = document.querySelector('svg.graph');
shown.boxes = svg ? svg.querySelectorAll('rect').length : 0;
const width = () => svg.getBoundingClientRect().width;
const press = factor => document.querySelector(`[data-zoom="${factor}"]`).click();
if (svg) {
  const before = width();
  press('1.25'); shown.larger = width() / before;
  press('0'); press('0.8'); shown.smaller = width() / before;
  press('0'); shown.reset = width() / before;
}
const note = document.createElement('pre');
note.id = 'shown';
note.hidden = true;
note.textContent = JSON.stringify(shown);
document.body.append(note);
</script>
"""
CATCH = "<script>window.problems = []; window.onerror = text => window.problems.push(text)</script>"


def browser():
    return shutil.which("chromium") or shutil.which("chromium-browser")


class Chromium:
    def __init__(self, folder):
        self.folder = folder

    def call(self, page, dark, width, *what):
        command = [browser(), "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars",
                   "--user-data-dir=" + self.folder + "/profile", "--window-size=%d,1400" % width,
                   "--host-resolver-rules=MAP * ~NOTFOUND", "--blink-settings=preferredColorScheme=%d" % (0 if dark else 1),
                   *what, "file://" + page]
        return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True,
                              timeout=180, env={**os.environ, "HOME": self.folder})

    def shown(self, page, dark, width):
        done = self.call(page, dark, width, "--dump-dom")
        found = re.search(r'<pre id="shown"[^>]*>(.*?)</pre>', done.stdout, re.S)
        if not found:
            return {"failed": done.stderr[-500:]}
        return json.loads(found.group(1).replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&"))

    def picture(self, page, dark, width, path):
        self.call(page, dark, width, "--screenshot=" + path)
        with open(path, "rb") as file:
            return file.read(8) == b"\x89PNG\r\n\x1a\n" and os.path.getsize(path) > 5000


def look_at(chromium, name, page, expected, pictures):
    with open(page) as file:
        text = file.read()
    check(name + ": nothing in it leads elsewhere", not re.search(r'(src|href)="(?!#)|url\(|@import|<link', text))
    probed = page.replace(".html", "-probed.html")
    with open(probed, "w") as file:
        file.write(text.replace("<head>", "<head>" + CATCH, 1).replace("</body>", PROBE + "</body>", 1))
    for dark in (False, True):
        for width in (1280, 390):
            label = "%s, %s, %d wide" % (name, "dark" if dark else "light", width)
            seen = chromium.shown(probed, dark, width)
            if not check(label + ": is drawn", "failed" not in seen, seen):
                continue
            check(label + ": its script has no fault", not seen["problems"], seen["problems"])
            check(label + ": nothing is fetched", not seen["fetched"], seen["fetched"])
            check(label + ": the ground is " + ("dark" if dark else "light"), (seen["ground"] < 0.2) == dark, seen["ground"])
            check(label + ": every text can be read", seen["contrast"] >= 4.5, (seen["contrast"], seen.get("faintest")))
            check(label + ": the graph's words can be read", seen["drawn"] >= 4.5, seen["drawn"])
            check(label + ": nothing is wider than the screen", seen["overflow"] <= 0, seen["overflow"])
            check(label + ": no heading and no single word is broken", not seen["broken"], seen["broken"])
            check(label + ": headings", all(any(word in heading for heading in seen["headings"]) for word in expected), seen["headings"])
            check(label + ": bars lie in their lanes and apart", seen["bars"] >= 5 and not seen["outside"] and not seen["overlapping"], seen)
            check(label + ": the longest chain is marked", seen["path"] > 2, seen["path"])
            check(label + ": the graph is zoomed", seen["boxes"] > 5 and abs(seen["larger"] - 1.25) < 0.01 and
                  abs(seen["smaller"] - 0.8) < 0.01 and abs(seen["reset"] - 1) < 0.01, seen)
            picture = "%s/%s-%s-%d.png" % (pictures, name.replace(" ", "-"), "dark" if dark else "light", width)
            check(label + ": a screenshot", chromium.picture(page, dark, width, picture))


def run(slipway):
    if not browser():
        return skip("report", "chromium is not installed")
    folder = tempfile.mkdtemp()
    pictures = os.environ.get("SLIPWAY_PICTURES") or folder
    os.makedirs(pictures, exist_ok=True)
    try:
        chromium = Chromium(folder)
        place = Place.fresh(folder + "/place", slipway)
        # Each call takes a while of the world's own time, so that there is something to draw.
        with open(place.spec) as file:
            spec = file.read()
        with open(place.spec, "w") as file:
            file.write(spec.replace("simulated: {", "simulated: {latency_ms: 300, "))
        faults = place.state + "/simulated/faults.json"
        os.makedirs(os.path.dirname(faults))
        with open(faults, "w") as file:
            json.dump([{"fault": "quota", "call": "cloud/create/machine/workers-2", "times": -1}], file)
        # One that fails at a machine, then one that ends well.
        for name, code, expected in (("failed run", 1, ("failed", "What did not succeed", "What was not tried", "Timeline", "Graph", "What was done")),
                                     ("whole run", 0, ("is done", "Timeline", "Graph", "What was done"))):
            done, talk = place.run(["bootstrap", "SPEC"])
            if os.path.exists(faults):
                os.remove(faults)
            page = "%s/%s.html" % (folder, name.replace(" ", "-"))
            written, said = place.run(["report", "SPEC", "--file", page])
            if check("%s: exit %d, and its page is written" % (name, code), (done, written) == (code, 0), (talk, said)):
                look_at(chromium, name, page, expected, pictures)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
