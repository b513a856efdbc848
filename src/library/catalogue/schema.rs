//! The tables, and the migration of a file of an older release.
//!
//! Instants are text, RFC 3339 in UTC with milliseconds, so that they sort as text and a person can read them in the
//! `sqlite3` shell. A released step is never edited; a change is a new step.

use std::sync::LazyLock;

use rusqlite_migration::{M, Migrations};

const STEPS: &[&str] = &[
    "
    CREATE TABLE airings (
        id            TEXT PRIMARY KEY,
        show          TEXT NOT NULL,
        station       TEXT NOT NULL,
        title         TEXT NOT NULL,
        timezone      TEXT NOT NULL,
        on_air_start  TEXT NOT NULL,
        on_air_end    TEXT NOT NULL,
        cut_start     TEXT NOT NULL,
        cut_end       TEXT NOT NULL,
        -- claimed: being recorded; shelving: the outcome is known, the file may or may not have got its name;
        -- shelved: there is a recording; failed: there is none.
        state         TEXT NOT NULL CHECK (state IN ('claimed', 'shelving', 'shelved', 'failed')),
        attempts      INTEGER NOT NULL DEFAULT 1,
        claimed_at    TEXT NOT NULL,
        finished_at   TEXT,
        verdict       TEXT CHECK (verdict IN ('complete', 'partial', 'silent', 'failed')),
        percent       REAL,
        seconds       REAL NOT NULL DEFAULT 0,
        file          TEXT,
        bytes         INTEGER,
        deleted_at    TEXT
    ) STRICT;

    CREATE TABLE gaps (
        airing        TEXT NOT NULL REFERENCES airings (id) ON DELETE CASCADE,
        position      INTEGER NOT NULL,
        start         TEXT NOT NULL,
        seconds       REAL NOT NULL,
        cause         TEXT NOT NULL,
        PRIMARY KEY (airing, position)
    ) STRICT, WITHOUT ROWID;

    CREATE INDEX airings_by_start ON airings (on_air_start);
    CREATE INDEX airings_unfinished ON airings (state) WHERE finished_at IS NULL;
",
    "
    -- missing: not in the recording; dead air: in it, and silent.
    ALTER TABLE gaps ADD COLUMN kind TEXT NOT NULL DEFAULT 'missing' CHECK (kind IN ('missing', 'dead air'));

    -- Integrated loudness in LUFS, loudness range in LU, the loudest sample (1.0 is full scale).
    ALTER TABLE airings ADD COLUMN loudness REAL;
    ALTER TABLE airings ADD COLUMN loudness_range REAL;
    ALTER TABLE airings ADD COLUMN peak REAL;

    -- One byte for each stretch of the file: its loudest sample, linear, 255 being full scale. A table of its own, so
    -- that lists of recordings need not read it.
    CREATE TABLE peaks (
        airing        TEXT PRIMARY KEY REFERENCES airings (id) ON DELETE CASCADE,
        per_second    REAL NOT NULL,
        levels        BLOB NOT NULL
    ) STRICT;
",
    "
    -- How long the file plays, in seconds, silence in the place of gaps included.
    ALTER TABLE airings ADD COLUMN length REAL;
",
    "
    -- When a person deleted the recording, or last brought it back; and while it is deleted, how far its file is on the
    -- way into the bin or out of it:
    -- going: it may be in its place or in the bin; there: it is in the bin; coming: as going, and wanted back.
    ALTER TABLE airings ADD COLUMN binned_at TEXT;
    ALTER TABLE airings ADD COLUMN binned TEXT CHECK (binned IN ('going', 'there', 'coming'));
",
    "
    -- What a person changed by hand: the airing as it is with the change. No reference to `airings`, because most of
    -- them are not claimed yet.
    CREATE TABLE amendments (
        airing        TEXT PRIMARY KEY,
        show          TEXT NOT NULL,
        station       TEXT NOT NULL,
        title         TEXT NOT NULL,
        timezone      TEXT NOT NULL,
        on_air_start  TEXT NOT NULL,
        on_air_end    TEXT NOT NULL,
        cut_start     TEXT NOT NULL,
        cut_end       TEXT NOT NULL,
        -- file: the cron of a show; hand: it airs once, because somebody said so.
        origin        TEXT NOT NULL CHECK (origin IN ('file', 'hand')),
        skipped       INTEGER NOT NULL,
        -- Whether its end was set by hand.
        moved         INTEGER NOT NULL,
        until_stopped INTEGER NOT NULL
    ) STRICT;
",
    "
    -- What kind of cause it is that something is missing for: a name of `CauseKind`. Of what was written before, only
    -- sentences without addresses or numbers in them can be told for sure.
    ALTER TABLE gaps ADD COLUMN cause_kind TEXT NOT NULL DEFAULT 'other';
    UPDATE gaps SET cause_kind = CASE cause
        WHEN 'aircheck was not running' THEN 'not_running'
        WHEN 'aircheck was not yet recording when the show began' THEN 'began_late'
        WHEN 'aircheck died every time it tried to finish this recording' THEN 'internal'
        WHEN 'its show or station was removed from the YAML before it was finished' THEN 'removed'
        WHEN 'the recording was stopped before it came' THEN 'stopped'
        WHEN 'nothing arrived from the station' THEN 'nothing'
        ELSE 'other'
    END WHERE kind = 'missing';
",
    "
    -- Until when the first sound may come that it begins with; NULL: it begins at its start.
    ALTER TABLE amendments ADD COLUMN connecting_until TEXT;
",
    "
    -- One file belongs to one row; in the bin a row only remembers the name. Where several have one, it was moved away and
    -- given anew, to the last of them.
    CREATE TEMP TABLE bereft AS SELECT id FROM (
        SELECT id, row_number() OVER (
            PARTITION BY file ORDER BY finished_at IS NULL DESC, finished_at DESC, rowid DESC
        ) AS place
        FROM airings WHERE file IS NOT NULL AND binned IS NULL
    ) WHERE place > 1;
    DELETE FROM peaks WHERE airing IN (SELECT id FROM bereft);
    UPDATE airings SET file = NULL, bytes = NULL WHERE id IN (SELECT id FROM bereft);
    DROP TABLE bereft;

    CREATE UNIQUE INDEX airings_by_file ON airings (file) WHERE file IS NOT NULL AND binned IS NULL;
",
    "
    -- What else is to be said of a recording, as JSON: [{\"kind\": \"default_name\", \"reason\": \"…\"}, …]; NULL: nothing.
    ALTER TABLE airings ADD COLUMN notes TEXT;
",
    "
    -- Files in the output folder that no row of airings has, as they were when they were last looked at: their size, when
    -- they were changed, in nanoseconds since 1970, and what they are. Only remembered: it can all be found out again.
    CREATE TABLE glances (
        file          TEXT PRIMARY KEY,
        bytes         INTEGER NOT NULL,
        modified      INTEGER NOT NULL,
        found         TEXT NOT NULL CHECK (found IN ('recording', 'unlikely', 'other'))
    ) STRICT;
",
    "
    -- What is asked of each station is the newest of its airings that is so or so.
    CREATE INDEX airings_by_station ON airings (station, on_air_start DESC, id);
",
    "
    -- Which process records an unfinished airing (HOLDER#PROCESS), and until when no other holder may take it over;
    -- NULL: anybody may.
    ALTER TABLE airings ADD COLUMN owner TEXT;
    ALTER TABLE airings ADD COLUMN leased_until TEXT;

    -- What happened, in order, as JSON, for whoever has to hear of it even if the process ends before.
    CREATE TABLE outbox (
        number        INTEGER PRIMARY KEY AUTOINCREMENT,
        at            TEXT NOT NULL,
        event         TEXT NOT NULL
    ) STRICT;
",
    "
    -- What was played in a recording, in order: when it was on the air; where in the file it begins and how long it plays
    -- there, in seconds; the station's words, and the same in small letters, as they are searched for. A table of its own,
    -- so that lists of recordings need not read it.
    CREATE TABLE tracks (
        airing        TEXT NOT NULL REFERENCES airings (id) ON DELETE CASCADE,
        position      INTEGER NOT NULL,
        on_air_start  TEXT NOT NULL,
        on_air_end    TEXT NOT NULL,
        begins        REAL NOT NULL,
        seconds       REAL NOT NULL,
        text          TEXT NOT NULL,
        small         TEXT NOT NULL,
        PRIMARY KEY (airing, position)
    ) STRICT;

    -- When was something last played? The newest are looked through first.
    CREATE INDEX tracks_by_start ON tracks (on_air_start DESC, airing, position);
",
    "
    -- Clips that people asked for: what each is made of, as JSON, and the name that its file gets. One that is made has a
    -- row in airings. No reference to it, because one that is still to be made has none.
    CREATE TABLE clips (
        id            TEXT PRIMARY KEY,
        title         TEXT NOT NULL,
        pieces        TEXT NOT NULL,
        asked_at      TEXT NOT NULL,
        file          TEXT
    ) STRICT;
",
    "
    -- A search that finds nothing goes through all tracks: with the text in the index, it reads nothing else.
    DROP INDEX tracks_by_start;
    CREATE INDEX tracks_by_start ON tracks (on_air_start DESC, airing, position, small);
",
    "
    -- Links to share: each opens one recording to whoever has it, until it expires. Of its token there is only the SHA-256,
    -- in hexadecimal digits, so that nobody who reads this file can open anything. No number is used again.
    CREATE TABLE links (
        id            INTEGER PRIMARY KEY AUTOINCREMENT,
        airing        TEXT NOT NULL REFERENCES airings (id) ON DELETE CASCADE,
        token         TEXT NOT NULL UNIQUE,
        created_at    TEXT NOT NULL,
        expires_at    TEXT NOT NULL
    ) STRICT;

    CREATE INDEX links_by_airing ON links (airing, expires_at);
    CREATE INDEX links_by_end ON links (expires_at);
",
    "
    -- What takes time, as people and programs follow it: each job with its newest state, and every transition. A kind and an
    -- id name a job: those of recordings and clips are the ids of airings. Not to be referred to by them, because a job may
    -- be there before its row, and after it.
    CREATE TABLE jobs (
        number        INTEGER PRIMARY KEY,
        kind          TEXT NOT NULL,
        id            TEXT NOT NULL,
        state         TEXT NOT NULL,
        asked_at      TEXT NOT NULL,
        -- The number of the newest transition.
        last          INTEGER NOT NULL,
        UNIQUE (kind, id)
    ) STRICT;

    CREATE TABLE transitions (
        number        INTEGER PRIMARY KEY AUTOINCREMENT,
        job           INTEGER NOT NULL REFERENCES jobs (number) ON DELETE CASCADE,
        state         TEXT NOT NULL,
        at            TEXT NOT NULL,
        -- Why, if it is not as it should be: the name of a kind of cause, and words.
        cause_kind    TEXT,
        cause         TEXT
    ) STRICT;

    CREATE INDEX transitions_by_job ON transitions (job);
    CREATE INDEX jobs_by_change ON jobs (last);
    CREATE INDEX jobs_by_state ON jobs (state, last);

    -- Of what is there already only its beginning and its end are known.
    INSERT INTO jobs (kind, id, state, asked_at, last)
        SELECT iif(show = 'clips~', 'clip', 'recording'), id,
            iif(finished_at IS NULL, 'queued', iif(state = 'failed', 'failed', 'done')), claimed_at, 0
        FROM airings WHERE deleted_at IS NULL ORDER BY claimed_at;
    INSERT INTO jobs (kind, id, state, asked_at, last)
        SELECT 'clip', id, 'queued', asked_at, 0 FROM clips WHERE id NOT IN (SELECT id FROM airings) ORDER BY asked_at;
    INSERT INTO transitions (job, state, at) SELECT number, 'queued', asked_at FROM jobs ORDER BY asked_at;
    INSERT INTO transitions (job, state, at, cause_kind, cause)
        SELECT jobs.number, jobs.state, airings.finished_at, gaps.cause_kind, gaps.cause
        FROM jobs JOIN airings ON airings.id = jobs.id
            LEFT JOIN gaps ON jobs.state = 'failed' AND gaps.airing = jobs.id AND gaps.position = 0 AND gaps.kind = 'missing'
        WHERE airings.finished_at IS NOT NULL ORDER BY airings.finished_at;
    UPDATE jobs SET last = (SELECT max(number) FROM transitions WHERE job = jobs.number);
",
    "
    -- Stations that are not in the file: how to reach each that somebody asked for a recording of, as JSON in the words of
    -- the file.
    CREATE TABLE ad_hoc (
        id            TEXT PRIMARY KEY,
        source        TEXT NOT NULL,
        asked_at      TEXT NOT NULL
    ) STRICT;
",
    "
    -- Requests that had a key, and their answers, so that none is carried out twice: who asked, the key, what identifies the
    -- content of the request, and which process carries it out while there is no answer.
    CREATE TABLE answers (
        number        INTEGER PRIMARY KEY,
        asker         TEXT NOT NULL,
        key           TEXT NOT NULL,
        request       TEXT NOT NULL,
        run           INTEGER NOT NULL,
        at            TEXT NOT NULL,
        status        INTEGER,
        kind          TEXT,
        location      TEXT,
        body          BLOB,
        UNIQUE (asker, key)
    ) STRICT;

    CREATE INDEX answers_by_age ON answers (at);
",
    "
    -- The kinds of recordings that are copied to an object store, as the configuration of the service says.
    CREATE TABLE copied_kinds (
        kind          TEXT PRIMARY KEY
    ) STRICT, WITHOUT ROWID;

    -- Copies of recordings in an object store, and those that are still to be made. A recording that is cut again gets
    -- another one: the newest counts. queued: still to be made; done: the store has it, and said the same checksum;
    -- dropped: there was nothing to copy any more.
    CREATE TABLE copies (
        number        INTEGER PRIMARY KEY AUTOINCREMENT,
        airing        TEXT NOT NULL REFERENCES airings (id) ON DELETE CASCADE,
        file          TEXT NOT NULL,
        state         TEXT NOT NULL DEFAULT 'queued' CHECK (state IN ('queued', 'done', 'dropped')),
        queued_at     TEXT NOT NULL,
        tries         INTEGER NOT NULL DEFAULT 0,
        next_try      TEXT,
        trouble       TEXT,
        -- The address of the store with the bucket, and the name there.
        place         TEXT,
        name          TEXT,
        bytes         INTEGER,
        sha256        TEXT,
        -- The upload in parts that is open in the store, and how large its parts are.
        upload        TEXT,
        part_bytes    INTEGER,
        done_at       TEXT,
        -- When the file of the output folder was deleted because the store has it.
        let_go_at     TEXT
    ) STRICT;

    CREATE INDEX copies_by_airing ON copies (airing, number);
    CREATE INDEX copies_by_state ON copies (state, next_try, number);

    -- The parts of an open upload that the store has.
    CREATE TABLE copy_parts (
        copy          INTEGER NOT NULL REFERENCES copies (number) ON DELETE CASCADE,
        part          INTEGER NOT NULL,
        etag          TEXT NOT NULL,
        sha256        TEXT NOT NULL,
        PRIMARY KEY (copy, part)
    ) STRICT, WITHOUT ROWID;
",
    "
    -- Downloads that the service was asked for: what, as JSON; its file, relative to the output folder; what came of it, as
    -- JSON. How far each is says its job.
    CREATE TABLE grabs (
        id            TEXT PRIMARY KEY,
        asked         TEXT NOT NULL,
        asked_at      TEXT NOT NULL,
        file          TEXT,
        result        TEXT
    ) STRICT;

    CREATE INDEX grabs_by_time ON grabs (asked_at, id);
",
    "
    -- How far the tape of each station is copied to an object store: the word of the newest seal of which the reel is
    -- there (reels), and the newest day of which the account is (accounts). Everything before it is there as well, but
    -- for what is left.
    CREATE TABLE tape_copies (
        station       TEXT NOT NULL,
        place         TEXT NOT NULL,
        kind          TEXT NOT NULL,
        until         TEXT NOT NULL,
        PRIMARY KEY (station, place, kind)
    ) STRICT, WITHOUT ROWID;

    -- Reels that could not be copied when it was their turn, and are tried again.
    CREATE TABLE tape_copies_left (
        station       TEXT NOT NULL,
        place         TEXT NOT NULL,
        reel          TEXT NOT NULL,
        trouble       TEXT NOT NULL,
        PRIMARY KEY (station, place, reel)
    ) STRICT, WITHOUT ROWID;
",
    "
    -- What people said of recordings: since when no rule deletes one, and when it was heard. A table of its own, because
    -- most have neither.
    CREATE TABLE marks (
        airing        TEXT PRIMARY KEY REFERENCES airings (id) ON DELETE CASCADE,
        pinned_at     TEXT,
        heard_at      TEXT
    ) STRICT;
",
    "
    -- The recording that a file is of by its imprint; NULL: it has none, or nobody has read it.
    ALTER TABLE glances ADD COLUMN airing TEXT;
",
    "
    -- Who is told what happens, since when, and where that is (a hash of the address). off: why it does not want to be told
    -- any more.
    CREATE TABLE targets (
        name          TEXT PRIMARY KEY,
        since         TEXT NOT NULL,
        place         TEXT NOT NULL,
        off           TEXT
    ) STRICT;

    -- What is told: a row for each target that is told it. The id is that which receivers get, at every try the same. Of each
    -- target, the first that waits is sent before the others. waiting: still to be sent; sent: the target has taken it;
    -- dropped: it is not sent any more.
    CREATE TABLE messages (
        number        INTEGER PRIMARY KEY AUTOINCREMENT,
        id            TEXT NOT NULL UNIQUE,
        target        TEXT NOT NULL,
        kind          TEXT NOT NULL,
        matter        TEXT NOT NULL,
        body          TEXT NOT NULL,
        created       TEXT NOT NULL,
        state         TEXT NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'sent', 'dropped')),
        tries         INTEGER NOT NULL DEFAULT 0,
        next_try      TEXT,
        last_error    TEXT,
        done          TEXT
    ) STRICT;

    CREATE INDEX messages_waiting ON messages (target, number) WHERE state = 'waiting';
    CREATE INDEX messages_by_state ON messages (state, number);

    -- What is bad and not well again, as it was told, as JSON.
    CREATE TABLE matters (
        key           TEXT PRIMARY KEY,
        since         TEXT NOT NULL,
        body          TEXT NOT NULL
    ) STRICT;

    -- What is remembered of telling: how far the outbox is read, when the service stopped in order.
    CREATE TABLE telling (
        name          TEXT PRIMARY KEY,
        value         TEXT NOT NULL
    ) STRICT, WITHOUT ROWID;
",
];

/// The newest schema that this release knows: the `user_version` of a migrated file.
#[expect(clippy::cast_possible_wrap, reason = "a handful of steps")]
pub(super) const NEWEST: i64 = STEPS.len() as i64;

/// The migration to [`NEWEST`].
pub(super) static MIGRATIONS: LazyLock<Migrations<'static>> =
    LazyLock::new(|| Migrations::new(STEPS.iter().map(|step| M::up(step)).collect()));
