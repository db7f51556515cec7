//! Log files: recorded ones, cut short, and such as nobody records.

use crate::write;

const RECORDED: [(&str, &str); 3] = [
    (
        "tsv",
        include_str!("../../../../crates/logfile/tests/data/vec.tsv"),
    ),
    (
        "json",
        include_str!("../../../../crates/logfile/tests/data/vec.json"),
    ),
    (
        "iso",
        include_str!("../../../../crates/logfile/tests/data/vec.iso.json"),
    ),
];

pub(super) fn files() {
    for (name, text) in RECORDED {
        // The header, if there is one, and two rows.
        let rows = if name == "tsv" { 10 } else { 2 };
        let lines: Vec<_> = text.lines().take(rows).collect();
        write(
            "log_file",
            name,
            format!("{}\n", lines.join("\n")).as_bytes(),
        );
    }
    let odd = "#separator |\n#set_separator|;\n#empty_field|\n#unset_field|\\x\n#path|a\\x20b\n\
               #open|2026-11-20-08-28-00\n#fields|a|b|c\n#types|set[addr]|vector[interval]|port\n\
               ::1;1.2.3.4|-0.000001;inf|80/tcp\n\\x|\\x;\\x|\\x\n||7\n\
               #close|2026-11-20-08-28-01\n";
    let plain = "#fields\tx\ty\n#types\tsubnet\tpattern\n10.0.0.0/8\t\\x41\\\\\\x\u{e9}\n1\n";
    write("log_file", "odd-separators", odd.as_bytes());
    write(
        "log_file",
        "two-headers",
        format!("{plain}{odd}").as_bytes(),
    );
    let changing = "{\"ts\":1.5,\"id.orig_h\":\"::1\",\"id.orig_p\":1,\"n\":1}\n\
                    {\"n\":-1,\"l\":[]}\n\
                    {\"l\":[null,true],\"ts\":1795163199475}\n\
                    {\"n\":\"x\\\\xff\\u0001\\udb80\\udcff\"}\n\
                    {\"e\":1e300,\"d\":0.1}\n";
    write("log_file", "changing", changing.as_bytes());
}
