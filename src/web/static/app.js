// What scripts add to the pages. Without them one browses, plays and downloads as well.
import { endless, someDay } from "./filter.js";
import "./go.js";
import { resume } from "./player.js";
import { needed, ready } from "./ready.js";
import { ready as readyRows } from "./rows.js";
import { ready as readyCopies } from "./subscribe.js";

needed(readyRows);
needed(readyCopies);
needed(endless);
needed(someDay);
ready(document.getElementById("content"));
resume();
