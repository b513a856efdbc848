//! Names of users as `/etc/passwd` knows them.

/// The id of the user of this process.
pub fn id() -> u32 {
    rustix::process::geteuid().as_raw()
}

/// The name of the user of this process.
pub fn current() -> String {
    name_of(id())
}

/// The name of the user with this id, or the id if it is unknown. Blocks on the disk.
pub fn name_of(id: u32) -> String {
    let users = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
    named(&users, id).unwrap_or_else(|| id.to_string())
}

/// See passwd(5): `name:password:id:…`.
fn named(users: &str, id: u32) -> Option<String> {
    users.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)?.parse() == Ok(id)).then(|| name.to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_is_known_by_the_id() {
        let users =
            "root:x:0:0:root:/root:/bin/bash\nbroken\n# note\naircheck:x:987:987::/var/lib/aircheck:/bin/false\n";
        assert_eq!(named(users, 987).as_deref(), Some("aircheck"));
        assert_eq!((named(users, 0).as_deref(), named(users, 1)), (Some("root"), None));
    }
}
