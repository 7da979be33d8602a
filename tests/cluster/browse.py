#!/usr/bin/env python3
"""TaskTracker's page in a headless Chromium: creates a task by typing and clicking, or expects one; takes a picture."""

import argparse
import sys

from selenium import webdriver
from selenium.common.exceptions import NoSuchElementException, TimeoutException
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait


def card(browser, project):
    """The newest project of that name."""
    found = browser.find_elements(By.XPATH, f"//section[header/h2[text()={project!r}]]")
    if not found:
        raise NoSuchElementException(project)
    return found[-1]


def titles(browser, project):
    return [span.text for span in card(browser, project).find_elements(By.CSS_SELECTOR, "li span")]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("host", "address", "project", "picture"):
        parser.add_argument("--" + name, required=True)
    parser.add_argument("--create")
    parser.add_argument("--expect")
    arguments = parser.parse_args()
    options = Options()
    # The certificate is checked by the suite's other requests; the browser has no store for the platform's authority.
    for flag in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--ignore-certificate-errors", "--no-proxy-server",
                 "--window-size=1000,800", f"--host-resolver-rules=MAP {arguments.host} {arguments.address}"):
        options.add_argument(flag)
    browser = webdriver.Chrome(service=Service("/usr/bin/chromedriver"), options=options)
    try:
        wait = WebDriverWait(browser, 60, ignored_exceptions=(NoSuchElementException,))
        browser.get(f"https://{arguments.host}/")
        wait.until(lambda _: card(browser, arguments.project))
        if arguments.create:
            form = card(browser, arguments.project).find_element(By.CSS_SELECTOR, "form.new-task")
            form.find_element(By.CSS_SELECTOR, "input").send_keys(arguments.create)
            form.find_element(By.CSS_SELECTOR, "button").click()
        wanted = arguments.create or arguments.expect
        try:
            wait.until(lambda _: wanted in titles(browser, arguments.project))
        except TimeoutException:
            sys.exit(f"the page does not show {wanted!r}, but {titles(browser, arguments.project)}")
        if not browser.save_screenshot(arguments.picture):
            sys.exit("no picture was taken")
    finally:
        browser.quit()


if __name__ == "__main__":
    main()
