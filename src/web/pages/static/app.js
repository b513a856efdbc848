// Loads the scripts of the pages. Browsing, playing and downloading work without them.
import "./act.js";
import { clipEditor } from "./clip.js";
import { endless, someDay } from "./filter.js";
import "./go.js";
import { listen } from "./live.js";
import "./on-air.js";
import { resume } from "./player.js";
import { needed, ready } from "./ready.js";
import "./remove.js";
import { ready as readyRows } from "./rows.js";
import { ready as readyCopies } from "./subscribe.js";
import { timeline } from "./timeline.js";
import { ready as readyTracks } from "./tracks.js";
import { answers } from "./try.js";
import { week } from "./week.js";

needed(readyRows);
needed(readyCopies);
needed(endless);
needed(someDay);
needed(week);
needed(timeline);
needed(clipEditor);
needed(readyTracks);
needed(answers);
ready(document.getElementById("content"));
resume();
listen();
