# SPDX-License-Identifier: Apache-2.0
"""A real browser, and what an accessibility checker says of what it shows."""
import base64
import json
import shutil

from selenium import webdriver
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

import releases
import tools

FLAGS = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
         "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage")
AXE = {"private": True, "dependencies": {"axe-core": "4.14.1"}}
PHONE, DESKTOP = (375, 812), (1280, 900)


def axe():
    """The checker's script, installed once."""
    directory = releases.cache() / "axe"
    wanted = json.dumps(AXE)

    def make():
        (directory / "package.json").write_text(wanted)
        releases.run(["npm", "install", "--no-audit", "--no-fund", "--no-package-lock", "--loglevel=error"],
                     cwd=directory)
    releases.once(directory, wanted, make)
    return (directory / "node_modules/axe-core/axe.min.js").read_text()


class Browser:
    """One window. What its pages complain about and ask for is kept."""

    def __init__(self, directory):
        options = Options()
        options.binary_location = shutil.which("chromium")
        for flag in (*FLAGS, f"--user-data-dir={directory}/profile"):
            options.add_argument(flag)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
        self.driver = webdriver.Chrome(
            service=Service(shutil.which("chromedriver"), log_path=str(directory / "chromedriver.log")),
            options=options)
        self.driver.execute_cdp_cmd("Performance.enable", {"timeDomain": "threadTicks"})
        self.size(*DESKTOP)

    def stop(self):
        self.driver.quit()

    def open(self, url):
        self.driver.get(url)

    def run(self, script, *arguments):
        return self.driver.execute_script(script, *arguments)

    def wait(self, script, *arguments):
        """The script calls its last argument with the result."""
        return self.driver.execute_async_script(script, *arguments)

    def all(self, selector):
        return self.driver.find_elements(By.CSS_SELECTOR, selector)

    def one(self, selector):
        return self.driver.find_element(By.CSS_SELECTOR, selector)

    def texts(self, selector):
        return self.run("return [...document.querySelectorAll(arguments[0])].map(one => one.textContent)", selector)

    def link(self, words):
        self.driver.find_element(By.LINK_TEXT, words).click()

    def shows(self, words, selector="main", seconds=15):
        tools.poll(lambda: words in " ".join(self.texts(selector)), f'"{words}" on the page', seconds)

    def press(self, *keys):
        ActionChains(self.driver).send_keys(*keys).perform()

    def tab_to(self, matches, most=250):
        """Presses Tab until what is in focus matches the expression, in which it is called `here`."""
        for _ in range(most):
            self.press(Keys.TAB)
            if self.run(f"const here = document.activeElement; return Boolean({matches})"):
                return
        raise AssertionError(f"no Tab leads to {matches}")

    def size(self, width, height):
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {
            "width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500})

    def theme(self, scheme):
        self.driver.execute_cdp_cmd(
            "Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": scheme}]})

    def scripts(self, allowed):
        self.driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": not allowed})

    def picture(self, path, whole=False):
        """A PNG of the window, or of the whole page."""
        path.parent.mkdir(parents=True, exist_ok=True)
        shot = self.driver.execute_cdp_cmd("Page.captureScreenshot", {"captureBeyondViewport": whole})
        path.write_bytes(base64.b64decode(shot["data"]))

    def violations(self, script, rules=None):
        """Of these rules, or all: (rule, how many elements, the first one, what is wrong with it)."""
        self.run(script + "; window.axe = axe")
        options = {"resultTypes": ["violations"], **({"runOnly": rules} if rules else {})}
        found = self.wait("axe.run(document, arguments[0]).then(arguments[1])", options)
        return [(one["id"], len(one["nodes"]), one["nodes"][0]["html"][:200], one["nodes"][0]["failureSummary"][:300])
                for one in found["violations"]]

    def worked(self):
        """Milliseconds that the thread of the page has worked, which others on the machine do not add to."""
        metrics = self.driver.execute_cdp_cmd("Performance.getMetrics", {})["metrics"]
        return next(one["value"] for one in metrics if one["name"] == "TaskDuration") * 1000

    def complaints(self):
        """Of the console, since the last call."""
        return [entry["message"] for entry in self.driver.get_log("browser")
                if entry["level"] in ("SEVERE", "WARNING")]

    def requests(self):
        """URLs that were asked for since the last call."""
        events = [json.loads(entry["message"])["message"] for entry in self.driver.get_log("performance")]
        return [event["params"]["request"]["url"] for event in events
                if event["method"] == "Network.requestWillBeSent"]
