//! `zeek-bin-serializer`: what decodes is carried by columns, and encodes to bytes that say the
//! same.

use zeekwire_serializer::log::LogSerializer;
use zeekwire_serializer::log::zeek_bin::{NAME, ZeekBin, ZeekBinBatch};

use super::log_batch::check_columns;

/// Visits, decodes, encodes and decodes again; then does the same with columns.
pub fn zeek_bin(data: &[u8]) {
    let visited = ZeekBinBatch::new(data).and_then(|batch| {
        let mut cells = 0_usize;
        batch.for_each(|cell| {
            cells += 1 + cell
                .elements()
                .map_or(0, |elements| elements.iter().count());
        })?;
        Ok(cells)
    });
    let batch = match ZeekBin.decode(data) {
        Ok(batch) => batch,
        Err(error) => {
            assert!(error.to_string().starts_with(NAME));
            assert!(error.byte() <= data.len());
            assert_eq!(visited, Err(error));
            return;
        }
    };
    assert!(visited.is_ok_and(|cells| cells <= data.len() / 9));
    let mut bytes = b"before".to_vec();
    let encoded = ZeekBin.encode(&batch.stream, &batch.rows, &mut bytes);
    encoded.unwrap_or_else(|error| panic!("what it decoded does not fit: {error}"));
    let again = ZeekBin.decode(&bytes[6..]);
    assert_eq!(again.as_ref(), Ok(&batch));
    if !batch.rows.is_empty() {
        check_columns(&batch.stream, &batch.rows);
    }
}
