"""What somebody waits for who goes back on a tape of weeks: the first sound of an instant, and the timeline of a day."""

import random
import time
import urllib.parse
from datetime import timedelta
from itertools import cycle, islice

TIMES = 8
"""How many instants and days are asked for. Each is far from the others, so that nothing is in memory."""
STRETCH = timedelta(hours=3)
"""What the player of the page asks for at once."""


def instants(begins, ends):
    """Instants without end, each in another part of the tape, always the same."""
    chance = random.Random(42)
    parts = [begins + (ends - begins) * part / TIMES for part in range(TIMES)]
    for begin in cycle(parts):
        yield begin + (ends - begins) / TIMES * chance.random()


def query(**instants):
    return urllib.parse.urlencode({name: f"{at:%Y-%m-%dT%H:%M:%S.%fZ}" for name, at in instants.items()})


def slowest(one, asked):
    """How many milliseconds `one` takes at most, for so many of what is `asked`."""

    def timed(what):
        began = time.monotonic()
        one(what)
        return (time.monotonic() - began) * 1000

    return max(map(timed, islice(asked, TIMES)))


def first_of_playlist(daemon, station, asked):
    """Asks for a playlist, and waits for the first bytes of its first segment."""
    playlist = daemon.get(f"/live/{station}/playlist.m3u8?{asked}")
    segment = next(line for line in playlist.splitlines() if line and not line.startswith("#"))
    daemon.first_byte(f"/live/{station}/{segment}")


def first_sounds(daemon, station, begins, ends):
    """The slowest first sound in milliseconds: of the page's player, of any player that goes on for a day, and as an MP3."""
    anywhere = instants(begins, ends - STRETCH)
    for what, one in [
        ("first sound of any instant, as the page plays it",
         lambda at: first_of_playlist(daemon, station, query(start=at, end=at + STRETCH))),
        ("first sound of any instant, of a playlist of a day",
         lambda at: first_of_playlist(daemon, station, query(start=at))),
        ("first sound of any instant, as an MP3",
         lambda at: daemon.first_byte(f"/live/{station}/sound.mp3?{query(start=at)}")),
    ]:  # fmt: skip
        yield what, slowest(one, anywhere)


def timelines(daemon, station, begins, ends):
    """The slowest timeline of a whole day in milliseconds: the page with its account and then its levels, and the account
    alone."""

    def day(at):
        begin = at.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
        return begin, query(start=begin, end=begin + timedelta(days=1))

    def page(at):
        begin, asked = day(at)
        daemon.get(f"/stations/{station}?day={begin:%Y-%m-%d}")
        daemon.get(f"/live/{station}/levels?{asked}&points={24 * 150}")

    anywhere = instants(begins, ends - timedelta(days=2))
    yield "timeline of any day: the page and its levels", slowest(page, anywhere)
    account = slowest(lambda at: daemon.get(f"/api/v1/stations/{station}/tape?{day(at)[1]}"), anywhere)
    yield "timeline of any day: its account by the interface", account
