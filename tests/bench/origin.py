"""A live HLS stream in segments of 4 s, as a station has it: ffmpeg encodes it by the clock, nginx serves it."""

import os
import socket
from contextlib import contextmanager

from processes import running, until

SEGMENT = 4
WINDOW = 8
"""Segments in the playlist."""

NGINX = """
{user}
daemon off;
worker_processes 1;
worker_rlimit_nofile 16384;
pid nginx.pid;
events {{ worker_connections 8192; }}
http {{
    access_log off;
    keepalive_timeout 75s;
    types {{ application/vnd.apple.mpegurl m3u8; video/mp2t ts; }}
    client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fastcgi;
    uwsgi_temp_path uwsgi; scgi_temp_path scgi;
    server {{
        listen 127.0.0.1:{port} backlog=4096;
        location / {{ root live; }}
        location = /live.m3u8 {{ root live; add_header Cache-Control no-cache; }}
    }}
}}
"""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def on_the_air(folder):
    """Serves the stream until the block ends; gives the URL of its playlist, whose window is full."""
    live, port = folder / "live", free_port()
    live.mkdir(parents=True)
    # Started by the superuser, it would serve as somebody who may not read the folder.
    user = "user root;" if os.geteuid() == 0 else ""
    (folder / "nginx.conf").write_text(NGINX.format(port=port, user=user))
    encoder = [
        "ffmpeg", "-nostdin", "-loglevel", "error", "-re",
        "-f", "lavfi", "-i", "aevalsrc=0.2*sin(2*PI*t*(300+20*mod(floor(t)\\,40))):s=32000",
        "-c:a", "aac", "-b:a", "48k", "-f", "hls", "-hls_time", str(SEGMENT), "-hls_list_size", str(WINDOW),
        "-hls_flags", "delete_segments+program_date_time+temp_file", str(live / "live.m3u8"),
    ]  # fmt: skip
    nginx = ["nginx", "-p", str(folder), "-c", "nginx.conf", "-e", "error.log"]
    playlist = live / "live.m3u8"
    with running(encoder, folder / "encoder.log"), running(nginx, folder / "nginx.log"):
        until("a full window", lambda: playlist.exists() and playlist.read_text().count("#EXTINF") >= WINDOW)
        yield f"http://127.0.0.1:{port}/live.m3u8"
