//! A terminal that is drawn upon as a whole, and given back as it was.

use std::io::{self, Write};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::termios::{
    LocalModes, OptionalActions, SpecialCodeIndex, Termios, tcgetattr, tcgetwinsize, tcsetattr,
};

use crate::failure::Failure;
use crate::stop::Stop;

/// A whole screen on standard output, with keys from standard input. Dropping it restores what was
/// there before.
#[derive(Debug)]
pub(crate) struct Screen {
    /// How keys were read before; none when standard input is no terminal.
    before: Option<Termios>,
    /// What was drawn last.
    drawn: String,
}

/// To the other screen, without a cursor and without folding long lines.
const ENTER: &str = "\x1b[?1049h\x1b[?25l\x1b[?7l";
const LEAVE: &str = "\x1b[?7h\x1b[?25h\x1b[?1049l";
/// To the first line; each line clears what it does not cover, and the last all below.
const HOME: &str = "\x1b[H";
const LINE_END: &str = "\x1b[K\r\n";
const CLEAR_BELOW: &str = "\x1b[J";

impl Screen {
    /// Takes the terminal over. Signals still come: Ctrl-C asks to end, as everywhere.
    pub(crate) fn enter() -> Result<Self, Failure> {
        let before = tcgetattr(io::stdin()).ok();
        if let Some(before) = &before {
            let mut keys = before.clone();
            keys.local_modes
                .remove(LocalModes::ICANON | LocalModes::ECHO);
            // Nobody would give the screen back while the program is suspended.
            keys.special_codes[SpecialCodeIndex::VSUSP] = 0;
            set(&keys);
        }
        let drawn = String::new();
        let screen = Self { before, drawn };
        write(ENTER)?;
        Ok(screen)
    }

    /// Draws lines from the top, as many and as much of each as there is room for.
    pub(crate) fn draw(&mut self, text: &str) -> Result<(), Failure> {
        let (rows, columns) = size();
        let frame = frame(text, rows, columns);
        if frame != self.drawn {
            write(&frame)?;
            self.drawn = frame;
        }
        Ok(())
    }

    /// Waits for a key, for at most a moment. End of input is `q`: nobody is there to press it.
    pub(crate) fn key(&self) -> Option<u8> {
        if self.before.is_none() {
            std::thread::sleep(Stop::LOOK_EVERY);
            return None;
        }
        let stdin = io::stdin();
        let mut fds = [PollFd::new(&stdin, PollFlags::IN)];
        let moment = Timespec::try_from(Stop::LOOK_EVERY).ok()?;
        match poll(&mut fds, Some(&moment)) {
            Ok(0) | Err(_) => None,
            Ok(_) => {
                let mut key = [0];
                // Unbuffered: what a buffer held would not wake the next call.
                match rustix::io::read(&stdin, &mut key) {
                    Ok(0) => Some(b'q'),
                    Ok(_) => Some(key[0]),
                    Err(_) => None,
                }
            }
        }
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        // Whoever closed the terminal needs nothing back.
        let _closed = write(LEAVE);
        if let Some(before) = &self.before {
            set(before);
        }
    }
}

fn write(text: &str) -> Result<(), Failure> {
    let mut stdout = io::stdout().lock();
    stdout
        .write_all(text.as_bytes())
        .and_then(|()| stdout.flush())
        .map_err(|error| Failure::output(&error))
}

fn set(keys: &Termios) {
    // A program in the background may not, and then nobody presses keys either.
    let _in_background = tcsetattr(io::stdin(), OptionalActions::Now, keys);
}

/// Rows and columns of the terminal, or what terminals have always had.
fn size() -> (usize, usize) {
    match tcgetwinsize(io::stdout()) {
        Ok(size) if size.ws_row > 0 && size.ws_col > 0 => (size.ws_row.into(), size.ws_col.into()),
        _ => (24, 80),
    }
}

/// What draws a text; the last row tells how much did not fit.
fn frame(text: &str, rows: usize, columns: usize) -> String {
    let lines: Vec<&str> = text.lines().collect();
    let fits = lines.len() <= rows;
    let shown = if fits {
        lines.len()
    } else {
        rows.saturating_sub(1)
    };
    let cut = |line: &str| line.chars().take(columns).collect::<String>();
    let mut drawn: Vec<String> = lines[..shown].iter().map(|line| cut(line)).collect();
    if !fits {
        let left = lines.len() - shown;
        drawn.push(cut(&format!("… {left} lines more: make the window larger")));
    }
    format!("{HOME}{}\x1b[K{CLEAR_BELOW}", drawn.join(LINE_END))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_is_cut_and_counted() {
        let drawn = frame("first line\nsecond\nthird", 2, 5);
        assert_eq!(drawn, "\x1b[Hfirst\x1b[K\r\n… 2 l\x1b[K\x1b[J");
        let drawn = frame("a\nb", 2, 80);
        assert_eq!(drawn, "\x1b[Ha\x1b[K\r\nb\x1b[K\x1b[J");
    }
}
