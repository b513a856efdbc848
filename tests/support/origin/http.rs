//! A minimal HTTP/1.1 server that does what a proper one refuses: it resets connections, promises bytes that never
//! come, and answers `ICY 200 OK`.

use std::fmt::Write;
use std::io;
use std::time::Duration;

use aircheck::base::clock::Clock;
use bytes::Bytes;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const LONGEST_HEAD: usize = 16 * 1024;

/// A request, without a body.
#[derive(Debug, Clone)]
pub struct Request {
    /// Path and query.
    pub target: String,
    headers: Vec<(String, String)>,
}

impl Request {
    /// Returns the value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(own, _)| own.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// Returns the path.
    pub fn path(&self) -> &str {
        self.target.split('?').next().unwrap_or_default()
    }

    /// Returns a value of the query.
    pub fn query(&self, name: &str) -> Option<&str> {
        let (_, query) = self.target.split_once('?')?;
        query.split('&').filter_map(|pair| pair.split_once('=')).find(|(own, _)| *own == name).map(|(_, value)| value)
    }

    /// Reads the next request of a connection. `None` at its end.
    pub async fn read(stream: &mut TcpStream) -> io::Result<Option<Self>> {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            match stream.read_u8().await {
                Ok(byte) if head.len() < LONGEST_HEAD => head.push(byte),
                _ => return Ok(None),
            }
        }
        let head = String::from_utf8_lossy(&head);
        let mut lines = head.lines();
        let Some(target) = lines.next().and_then(|line| line.split(' ').nth(1)) else {
            return Ok(None);
        };
        let headers = lines
            .filter_map(|line| line.split_once(':'))
            .map(|(name, value)| (name.trim().to_owned(), value.trim().to_owned()));
        Ok(Some(Self { target: target.to_owned(), headers: headers.collect() }))
    }
}

/// How a body is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Manner {
    /// The whole body, correctly.
    Whole,
    /// No body: the connection is reset.
    Reset,
    /// Half of it, then the connection is reset.
    ResetMidway,
    /// Half of it, then the connection is closed.
    Truncated,
    /// The whole body, although more was promised, then the connection is closed.
    Unended,
    /// Half of it, then nothing.
    Stall,
    /// Nothing, not even a head.
    Silence,
    /// This many bytes per second.
    Drip(usize),
    /// This many zeros in place of the body.
    Huge(usize),
    /// Endless zeros in place of the body.
    Endless,
}

/// An answer.
#[derive(Debug, Clone)]
pub struct Reply {
    /// The status.
    pub status: u16,
    /// Another status line than the one of HTTP.
    pub status_line: Option<&'static str>,
    /// The headers, except Content-Length.
    pub headers: Vec<(String, String)>,
    /// Raw lines of the head.
    pub odd_lines: &'static [&'static str],
    /// The body.
    pub body: Bytes,
    /// How the body is sent.
    pub manner: Manner,
}

impl Reply {
    /// Returns an answer of 200 with a body.
    pub fn ok(content_type: &str, body: impl Into<Bytes>) -> Self {
        let (headers, body, manner) = (Vec::new(), body.into(), Manner::Whole);
        Self { status: 200, status_line: None, headers, odd_lines: &[], body, manner }
            .with("Content-Type", content_type)
    }

    /// Returns an answer of a status with a few words.
    pub fn status(status: u16) -> Self {
        let body = format!("<html><body><h1>{status}</h1></body></html>\n");
        Self { status, ..Self::ok("text/html", body) }
    }

    /// Adds a header.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Sends the answer; returns whether the connection can be used again.
    pub async fn write(self, stream: &mut TcpStream, clock: &dyn Clock) -> io::Result<bool> {
        let half = self.body.slice(..self.body.len() / 2);
        match self.manner {
            Manner::Reset => return stream.set_zero_linger().map(|()| false),
            Manner::Silence => return until_closed(stream).await,
            _ => stream.write_all(self.head().as_bytes()).await?,
        }
        match self.manner {
            Manner::Whole => {
                stream.write_all(&self.body).await?;
                return Ok(true);
            }
            Manner::Reset | Manner::Silence => {}
            Manner::ResetMidway => {
                stream.write_all(&half).await?;
                // The half must be sent before the reset, which would overtake it.
                clock.sleep(Duration::from_millis(50)).await;
                stream.set_zero_linger()?;
            }
            Manner::Truncated => stream.write_all(&half).await?,
            Manner::Unended => stream.write_all(&self.body).await?,
            Manner::Stall => {
                stream.write_all(&half).await?;
                return until_closed(stream).await;
            }
            Manner::Drip(rate) => {
                for piece in self.body.chunks((rate / 10).max(1)) {
                    stream.write_all(piece).await?;
                    clock.sleep(Duration::from_millis(100)).await;
                }
                return Ok(true);
            }
            Manner::Huge(size) => {
                let zeros = vec![0; 16 * 1024];
                let mut left = size;
                while left > 0 {
                    let piece = left.min(zeros.len());
                    stream.write_all(&zeros[..piece]).await?;
                    left -= piece;
                }
                return Ok(true);
            }
            Manner::Endless => {
                let zeros = vec![0; 16 * 1024];
                loop {
                    stream.write_all(&zeros).await?;
                    tokio::task::yield_now().await;
                }
            }
        }
        Ok(false)
    }

    fn head(&self) -> String {
        let mut head = match self.status_line {
            Some(line) if self.status == 200 => format!("{line}\r\n"),
            _ => format!("HTTP/1.1 {} {}\r\n", self.status, if self.status < 400 { "OK" } else { "Failed" }),
        };
        for line in self.odd_lines {
            let _ = write!(head, "{line}\r\n");
        }
        for (name, value) in &self.headers {
            let _ = write!(head, "{name}: {value}\r\n");
        }
        match self.manner {
            Manner::Endless => head += "Connection: close\r\n",
            Manner::Unended => drop(write!(head, "Content-Length: {}\r\n", self.body.len() + 100)),
            Manner::Huge(size) => drop(write!(head, "Content-Length: {size}\r\n")),
            _ => drop(write!(head, "Content-Length: {}\r\n", self.body.len())),
        }
        head + "\r\n"
    }
}

async fn until_closed(stream: &mut TcpStream) -> io::Result<bool> {
    while stream.read(&mut [0; 1024]).await? > 0 {}
    Ok(false)
}
