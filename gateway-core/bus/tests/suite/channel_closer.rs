//! A proxy before a broker that makes the broker close channels.

use std::collections::HashMap;

use tokio::io::{AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, copy};
use tokio::net::tcp::OwnedReadHalf;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{broadcast, watch};

/// The protocol header that precedes the frames of a client.
const PROTOCOL_HEADER: usize = 8;

/// Type, channel and size in front of the payload of a frame, and the end mark behind it.
const FRAME_HEADER: usize = 7;
const FRAME_END: u8 = 0xCE;

/// Types of frames.
const METHOD: u8 = 1;
const CONTENT_HEADER: u8 = 2;
const CONTENT_BODY: u8 = 3;

/// Methods, each with its class in front.
const CHANNEL_OPEN: [u8; 4] = [0, 20, 0, 10];
const CHANNEL_CLOSE: [u8; 4] = [0, 20, 0, 40];
const CHANNEL_CLOSE_OK: [u8; 4] = [0, 20, 0, 41];
const PUBLISH: [u8; 4] = [0, 60, 0, 40];

/// The channels to close.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Channels {
    /// The channels on which the client has published.
    Publishing,
    /// Every open channel.
    All,
}

/// A proxy that can publish to an exchange that does not exist on every channel of its clients. The broker answers by
/// closing the channel.
pub struct ChannelCloser {
    port: u16,
    close: broadcast::Sender<Channels>,
    connections: watch::Receiver<usize>,
}

impl ChannelCloser {
    /// Starts a proxy before the broker of a URL.
    pub async fn before(url: &str) -> Self {
        let broker = address(url).to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (close, (count, connections)) = (broadcast::Sender::new(16), watch::channel(0));
        let closes = close.clone();
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                count.send_modify(|count| *count += 1);
                let broker = TcpStream::connect(&broker).await.unwrap();
                let (from_client, mut to_client) = client.into_split();
                let (mut from_broker, to_broker) = broker.into_split();
                let close = closes.subscribe();
                tokio::spawn(async move { drop(forward(from_client, to_broker, close).await) });
                tokio::spawn(async move { drop(copy(&mut from_broker, &mut to_client).await) });
            }
        });
        Self { port, close, connections }
    }

    /// Returns a URL with the proxy in place of the broker.
    pub fn url(&self, url: &str) -> String {
        url.replace(address(url), &format!("127.0.0.1:{}", self.port))
    }

    /// Has open channels closed, each as soon as no message is being sent on it.
    pub fn close(&self, channels: Channels) {
        self.close.send(channels).unwrap();
    }

    /// Returns the number of connections that were ever made.
    pub fn connections(&self) -> usize {
        *self.connections.borrow()
    }
}

/// The state of an open channel, as its frames show it.
#[derive(Default)]
struct OpenChannel {
    /// Bytes of a message that are still to come; `None` outside of one, and before its size is known.
    left: Option<u64>,
    awaits_header: bool,
    has_published: bool,
    is_to_be_closed: bool,
}

/// Forwards the frames of a client, with the publications that close its channels between them.
async fn forward(
    mut from: OwnedReadHalf,
    mut to: impl AsyncWrite + Unpin,
    mut close: broadcast::Receiver<Channels>,
) -> std::io::Result<()> {
    let mut header = [0; PROTOCOL_HEADER];
    from.read_exact(&mut header).await?;
    to.write_all(&header).await?;
    let (mut channels, mut unread) = (HashMap::<u16, OpenChannel>::new(), Vec::new());
    loop {
        tokio::select! {
            read = from.read_buf(&mut unread) => if read? == 0 {
                return Ok(());
            },
            asked = close.recv() => if let Ok(asked) = asked {
                for channel in channels.values_mut() {
                    channel.is_to_be_closed = asked == Channels::All || channel.has_published;
                }
            },
        }
        while let Some(frame) = take_frame(&mut unread) {
            to.write_all(&frame).await?;
            note(&mut channels, &frame);
        }
        for (number, channel) in &mut channels {
            if channel.is_to_be_closed && channel.left.is_none() && !channel.awaits_header {
                channel.is_to_be_closed = false;
                to.write_all(&publication_to_nowhere(*number)).await?;
            }
        }
    }
}

/// Takes a whole frame off the front of a buffer.
fn take_frame(unread: &mut Vec<u8>) -> Option<Vec<u8>> {
    let size = unread.get(3..FRAME_HEADER)?;
    let size = u32::from_be_bytes(size.try_into().unwrap()) as usize;
    let end = FRAME_HEADER + size + 1;
    (unread.len() >= end).then(|| unread.drain(..end).collect())
}

/// Follows the state of a frame's channel.
fn note(channels: &mut HashMap<u16, OpenChannel>, frame: &[u8]) {
    let (number, payload) = (u16::from_be_bytes([frame[1], frame[2]]), &frame[FRAME_HEADER..]);
    if frame[0] == METHOD && payload.starts_with(&CHANNEL_OPEN) {
        channels.insert(number, OpenChannel::default());
    }
    let is_end = payload.starts_with(&CHANNEL_CLOSE) || payload.starts_with(&CHANNEL_CLOSE_OK);
    if frame[0] == METHOD && is_end {
        channels.remove(&number);
    }
    let Some(channel) = channels.get_mut(&number) else { return };
    match frame[0] {
        METHOD if payload.starts_with(&PUBLISH) => {
            (channel.awaits_header, channel.has_published) = (true, true);
        }
        CONTENT_HEADER => {
            let size = u64::from_be_bytes(payload[4..12].try_into().unwrap());
            (channel.awaits_header, channel.left) = (false, (size > 0).then_some(size));
        }
        CONTENT_BODY => {
            let left = channel.left.unwrap() - (payload.len() as u64 - 1);
            channel.left = (left > 0).then_some(left);
        }
        _ => {}
    }
}

/// Returns the frames of an empty message to an exchange that does not exist.
fn publication_to_nowhere(channel: u16) -> Vec<u8> {
    let exchange = b"nowhere";
    let mut method = PUBLISH.to_vec();
    method.extend([0, 0, exchange.len() as u8]);
    method.extend(exchange);
    // An empty routing key, and no flags.
    method.extend([0, 0]);
    // Class, weight, size and properties.
    let header = [&PUBLISH[..2], &[0; 2 + 8 + 2]].concat();
    [frame(METHOD, channel, &method), frame(CONTENT_HEADER, channel, &header)].concat()
}

fn frame(frame_type: u8, channel: u16, payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![frame_type];
    frame.extend(channel.to_be_bytes());
    frame.extend((payload.len() as u32).to_be_bytes());
    frame.extend(payload);
    frame.push(FRAME_END);
    frame
}

/// Returns host and port of a URL.
fn address(url: &str) -> &str {
    url.split_once('@').unwrap().1.split('/').next().unwrap()
}
