"""Reads what a service publishes with other people's parsers and validators: check.py ADDRESS VALIDATOR

Prints a line for each thing that was read; ends with 1 when one of them complains.
"""

import importlib.metadata
import sys
import urllib.request
import xml.etree.ElementTree
from urllib.parse import quote, urljoin

import feedparser
import icalendar
import podcastparser

base, validator = sys.argv[1:]
sys.path.insert(0, validator + "/src")
import feedvalidator  # noqa: E402
from feedvalidator import compatibility  # noqa: E402
from feedvalidator.formatter.text_plain import Formatter  # noqa: E402
from feedvalidator.logging import Error  # noqa: E402

FEEDS = ["feed.xml"] + [
    f"shows/{quote(show)}/feed.xml" for show in ["명연주-명음반", "hostile", "evening-news"]
]
failed = False


def report(what, complaints):
    global failed
    failed |= bool(complaints)
    print(f"{what}: {'; '.join(complaints) if complaints else 'right'}")


def fetch(path):
    with urllib.request.urlopen(urljoin(base, path)) as answer:
        return answer.read()


def version(package):
    return f"{package} {importlib.metadata.version(package)}"


for path in FEEDS:
    address, bytes_ = urljoin(base, path), fetch(path)
    events = compatibility.AA(feedvalidator.validateString(bytes_, base=address, firstOccurrenceOnly=0)["loggedEvents"])
    errors = [event for event in events if isinstance(event, Error)]
    report(f"W3C feed validator, {path}", Formatter(errors))
    # Recommendations: a category and an e-mail address that nobody has given, and titles that look like HTML.
    for advice in sorted({Formatter([event])[0].split(": ", 1)[1] for event in events if event not in errors}):
        print(f"    advice: {advice}")
    parsed = feedparser.parse(bytes_)
    report(f"{version('feedparser')}, {path}", [str(parsed.bozo_exception)] if parsed.bozo else [])
    with urllib.request.urlopen(address) as stream:
        podcast = podcastparser.parse(address, stream)
    lacking = [key for key in ["title", "link", "description", "cover_url", "language"] if not podcast.get(key)]
    for episode in podcast["episodes"]:
        lacking += [
            f"{key} of {episode['guid']}"
            for key in ["title", "published", "total_time", "enclosures"]
            if not episode.get(key)
        ]
        lacking += [f"size of {episode['guid']}" for it in episode["enclosures"] if it["file_size"] <= 0]
    report(f"{version('podcastparser')}, {path}, {len(podcast['episodes'])} episodes", lacking)

outlines = xml.etree.ElementTree.fromstring(fetch("feeds.opml")).findall("./body/outline")
report("feeds.opml", [] if len(outlines) == 3 else [f"{len(outlines)} feeds"])

calendar = icalendar.Calendar.from_ical(fetch("schedule.ics"))
events = list(calendar.walk("VEVENT"))
complaints = [f"{uid} twice" for uid in {e["UID"] for e in events} if sum(e["UID"] == uid for e in events) > 1]
for event in events:
    complaints += [f"{key} is missing" for key in ["UID", "DTSTAMP", "DTSTART", "DTEND", "SUMMARY"] if key not in event]
    complaints += [f"{event['UID']} has no zone"] if event["DTSTART"].dt.tzinfo is None else []
    complaints += [str(error) for error in event.errors]
report(f"{version('icalendar')}, {len(events)} events", complaints)
sys.exit(failed)
