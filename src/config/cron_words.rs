//! A schedule in words, so that a person sees at once whether the five fields mean what was meant.

use super::cron_fields::Fields;

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const WEEKDAYS: [&str; 7] = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

/// More times of day than this are told by minute and hour.
const MOST_TIMES: usize = 4;

/// `every Friday at 05:45`; `every 10 minutes`.
pub(super) fn describe(fields: &Fields) -> String {
    let days = days(fields);
    let months = if fields.months.len() == 12 { String::new() } else { format!(" in {}", months(&fields.months)) };
    match times(fields) {
        Times::At(times) => format!("{} at {times}{months}", days.unwrap_or_else(|| "every day".to_owned())),
        Times::Often(often) => match days {
            None => format!("{often}{months}"),
            Some(days) => format!("{often}, {days}{months}"),
        },
    }
}

/// The English name of a month, 1 for January.
pub(super) fn month(number: u8) -> &'static str {
    MONTHS.get(usize::from(number).saturating_sub(1)).copied().unwrap_or_default()
}

enum Times {
    At(String),
    Often(String),
}

fn times(fields: &Fields) -> Times {
    let (minutes, hours) = (&fields.minutes, &fields.hours);
    if minutes.len() * hours.len() <= MOST_TIMES {
        let all = hours.iter().flat_map(|hour| minutes.iter().map(move |minute| format!("{hour:02}:{minute:02}")));
        return Times::At(join(&all.collect::<Vec<_>>()));
    }
    let within = if hours.len() == 24 {
        String::new()
    } else if is_run(hours) && hours.len() > 2 {
        let (first, last) = ends(hours);
        format!(" in the hours from {first:02} to {last:02}")
    } else {
        let hours: Vec<String> = hours.iter().map(|hour| format!("{hour:02}")).collect();
        format!(" in {} {}", if hours.len() == 1 { "the hour" } else { "the hours" }, join(&hours))
    };
    let often = match step(minutes, 60) {
        Some(1) => "every minute".to_owned(),
        Some(60) if hours.len() < 24 => return Times::At(hourly(minutes, hours)),
        Some(60) => format!("every hour at minute {}", ends(minutes).0),
        Some(step) => format!("every {step} minutes"),
        None if is_run(minutes) => {
            let (first, last) = ends(minutes);
            format!("every minute from :{first:02} to :{last:02}")
        }
        None => {
            let minutes: Vec<String> = minutes.iter().map(u8::to_string).collect();
            format!("at the minutes {}", join(&minutes))
        }
    };
    Times::Often(format!("{often}{within}"))
}

/// One minute of many hours: all the times, however many; there are at most 23.
fn hourly(minutes: &[u8], hours: &[u8]) -> String {
    let minute = ends(minutes).0;
    join(&hours.iter().map(|hour| format!("{hour:02}:{minute:02}")).collect::<Vec<_>>())
}

/// The step of evenly spaced values that fill the circle of `size` from 0; a single value is a step of `size`.
fn step(values: &[u8], size: u8) -> Option<u8> {
    match values {
        [_] => Some(size),
        [0, step, ..] => (size.is_multiple_of(*step)
            && values.len() == usize::from(size / step)
            && values.iter().zip((0..size).step_by(usize::from(*step))).all(|(value, even)| *value == even))
        .then_some(*step),
        _ => None,
    }
}

/// The days; nothing for every day.
fn days(fields: &Fields) -> Option<String> {
    // Where either suffices and one is every day (`0 9 13 * 0-6`), so is the whole.
    if !fields.both_days && (fields.days.len() == 31 || fields.weekdays.len() == 7) {
        return None;
    }
    let by_date = (fields.days.len() < 31).then(|| {
        let days: Vec<String> = fields.days.iter().map(u8::to_string).collect();
        let days = if is_run(&fields.days) && days.len() > 2 {
            let (first, last) = ends(&fields.days);
            format!("{first} to {last}")
        } else {
            join(&days)
        };
        format!("on {} {days} of the month", if fields.days.len() == 1 { "day" } else { "days" })
    });
    let by_week = (fields.weekdays.len() < 7).then(|| weekdays(&fields.weekdays));
    match (by_date, by_week) {
        (None, None) => None,
        (Some(date), None) => Some(date),
        (None, Some(week)) => Some(format!("every {week}")),
        (Some(date), Some(week)) if fields.both_days => Some(format!("{date} that are a {week}")),
        (Some(date), Some(week)) => Some(format!("{date} and every {week}")),
    }
}

fn weekdays(numbers: &[u8]) -> String {
    let name = |number: &u8| WEEKDAYS.get(usize::from(*number)).copied().unwrap_or_default().to_owned();
    if is_run(numbers) && numbers.len() > 2 {
        let (first, last) = ends(numbers);
        return format!("{} to {}", name(&first), name(&last));
    }
    join(&numbers.iter().map(name).collect::<Vec<_>>())
}

fn months(numbers: &[u8]) -> String {
    join(&numbers.iter().map(|number| month(*number).to_owned()).collect::<Vec<_>>())
}

fn is_run(values: &[u8]) -> bool {
    values.iter().zip(values.iter().skip(1)).all(|(one, next)| u16::from(*one) + 1 == u16::from(*next))
}

fn ends(values: &[u8]) -> (u8, u8) {
    (values.first().copied().unwrap_or_default(), values.last().copied().unwrap_or_default())
}

fn join(words: &[String]) -> String {
    match words.split_last() {
        None => String::new(),
        Some((last, [])) => last.clone(),
        Some((last, rest)) => format!("{} and {last}", rest.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::super::Crontab;

    #[test]
    fn schedules_in_words() {
        for (cron, words) in [
            ("* * * * *", "every minute"),
            ("45 5 * * 5", "every Friday at 05:45"),
            ("0,20,40 * * * *", "every 20 minutes"),
            ("0-30 1 * * *", "every minute from :00 to :30 in the hour 01"),
            ("*/10 * * * *", "every 10 minutes"),
            ("*/10 2,3,4 5-6 * *", "every 10 minutes in the hours from 02 to 04, on days 5 and 6 of the month"),
            ("0 14 * * *", "every day at 14:00"),
            ("30 * * * *", "every hour at minute 30"),
            ("0 9 * * 1-5", "every Monday to Friday at 09:00"),
            ("0 9,21 * 6,7 *", "every day at 09:00 and 21:00 in June and July"),
            ("0 0 13 * 5", "on day 13 of the month and every Friday at 00:00"),
            ("0 6-12 * * *", "every day at 06:00, 07:00, 08:00, 09:00, 10:00, 11:00 and 12:00"),
            ("0 9 13 * 0-6", "every day at 09:00"),
            (
                "0 9 */2 * 1",
                "on days 1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29 and 31 of the month that are a Monday at 09:00",
            ),
            ("5,7 * * * *", "at the minutes 5 and 7"),
        ] {
            assert_eq!(Crontab::parse(cron).unwrap().describe(), words, "{cron}");
        }
    }
}
