//! A small body that becomes a large one.

/// Returns a short gzip body (RFC 1952) that inflates to a multiple of 8 MiB: one block of deflate, again and again.
pub fn bomb(blocks: usize) -> Vec<u8> {
    let text = b"#EXTM3U\n".repeat(1 << 20);
    let mut block = Vec::with_capacity(1 << 20);
    let mut deflate = flate2::Compress::new(flate2::Compression::fast(), false);
    deflate.compress_vec(&text, &mut block, flate2::FlushCompress::Full).expect("memory can be written to");
    let head = [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 0xFF];
    // The last, empty block, and a checksum that no reader gets to.
    let tail = [3, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    [&head[..], &block.repeat(blocks), &tail].concat()
}
