//! The XML that S3 sends and reads.

use aws_smithy_xml::decode::{Document, ScopedDecoder, XmlDecodeError, try_data};
use aws_smithy_xml::encode::XmlWriter;

const NAMESPACE: &str = "http://s3.amazonaws.com/doc/2006-03-01/";

/// A piece of an object that S3 already has.
#[derive(Clone, Debug)]
pub(crate) struct Piece {
    /// 1 for the first.
    pub number: usize,
    /// S3's name for its content.
    pub e_tag: String,
    /// The SHA-256 digest of its bytes, in base64.
    pub sha256: String,
}

/// True when an answer reports a failure. S3 begins to answer with status 200 before it has put an object
/// together, and may fail later.
pub(super) fn is_error(body: &[u8]) -> bool {
    in_root("Error", body, |_| Ok(())).is_ok()
}

/// The code of the failure that an answer reports. Its message repeats parts of the request.
pub(super) fn code(status: u16, body: &[u8]) -> Option<String> {
    // An answer to HEAD has no body.
    let missing = (status == 404 && body.is_empty()).then(|| "NotFound".to_owned());
    missing.or_else(|| in_root("Error", body, |root| text("Code", root)).ok().flatten())
}

/// The id of an upload that was begun; `None` for any other answer.
pub(super) fn upload_id(body: &[u8]) -> Option<String> {
    in_root("InitiateMultipartUploadResult", body, |root| text("UploadId", root)).ok().flatten()
}

/// True when an answer confirms a complete object.
pub(super) fn is_completion(body: &[u8]) -> bool {
    in_root("CompleteMultipartUploadResult", body, |_| Ok(())).is_ok()
}

/// The order to put these pieces together.
pub(super) fn completion(pieces: &[Piece]) -> String {
    let mut xml = String::new();
    let mut document = XmlWriter::new(&mut xml);
    let mut root = document.start_el("CompleteMultipartUpload").write_ns(NAMESPACE, None).finish();
    for piece in pieces {
        let mut part = root.start_el("Part").finish();
        for (name, value) in [
            ("ETag", piece.e_tag.as_str()),
            ("ChecksumSHA256", piece.sha256.as_str()),
            ("PartNumber", piece.number.to_string().as_str()),
        ] {
            part.start_el(name).finish().data(value);
        }
    }
    drop(root);
    xml
}

/// Reads the root element of this name.
fn in_root<T>(
    name: &str,
    body: &[u8],
    read: impl FnOnce(&mut ScopedDecoder<'_, '_>) -> Result<T, XmlDecodeError>,
) -> Result<T, XmlDecodeError> {
    let mut document = Document::try_from(body)?;
    let mut root = document.root_element()?;
    if !root.start_el().matches(name) {
        return Err(XmlDecodeError::custom("another root"));
    }
    read(&mut root)
}

/// The text of the child of this name; `None` when it has none.
fn text(name: &str, root: &mut ScopedDecoder<'_, '_>) -> Result<Option<String>, XmlDecodeError> {
    while let Some(mut tag) = root.next_tag() {
        if tag.start_el().matches(name) {
            let text = try_data(&mut tag)?;
            return Ok((!text.is_empty()).then(|| text.into_owned()));
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    const BEGUN: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
        <InitiateMultipartUploadResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Bucket>b</Bucket>\
        <Key>k</Key><UploadId>a&amp;b+c/d=</UploadId></InitiateMultipartUploadResult>";
    const FAILED: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\n\
        <Error><Message>ann@example.com</Message><Code>SlowDown</Code><Key>k</Key></Error>";

    #[test]
    fn an_answer_is_read_by_its_root() {
        assert_eq!(upload_id(BEGUN.as_bytes()).as_deref(), Some("a&b+c/d="));
        assert!(!is_error(BEGUN.as_bytes()) && !is_completion(BEGUN.as_bytes()));
        assert!(is_error(FAILED.as_bytes()));
        assert_eq!(upload_id(FAILED.as_bytes()), None);
        assert!(is_completion(b"<CompleteMultipartUploadResult/>"));
    }

    #[test]
    fn a_failure_is_told_by_its_code_alone() {
        assert_eq!(code(503, FAILED.as_bytes()).as_deref(), Some("SlowDown"));
        assert_eq!(code(404, b"").as_deref(), Some("NotFound"));
        assert_eq!(code(403, b""), None);
    }

    #[test]
    fn an_unreadable_answer_tells_nothing() {
        for body in [
            "",
            "<html><Code>SlowDown</Code></html>",
            "{\"Code\":\"SlowDown\"}",
            "<Error",
            "<Error><Code>Slow&unknown;Down</Code></Error>",
            "<InitiateMultipartUploadResult><UploadId/></InitiateMultipartUploadResult>",
        ] {
            assert_eq!(code(500, body.as_bytes()), None, "{body}");
            assert_eq!(upload_id(body.as_bytes()), None, "{body}");
            assert!(!is_completion(body.as_bytes()), "{body}");
        }
        assert!(!is_error(&[b'<', 0xff]));
    }

    #[test]
    fn pieces_are_listed_with_their_checksums() {
        let pieces = [
            Piece { number: 1, e_tag: "\"a<b\"".to_owned(), sha256: "AA+/=".to_owned() },
            Piece { number: 2, e_tag: "c".to_owned(), sha256: "BB==".to_owned() },
        ];
        assert_eq!(
            completion(&pieces),
            "<CompleteMultipartUpload xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">\
             <Part><ETag>&quot;a&lt;b&quot;</ETag><ChecksumSHA256>AA+/=</ChecksumSHA256>\
             <PartNumber>1</PartNumber></Part>\
             <Part><ETag>c</ETag><ChecksumSHA256>BB==</ChecksumSHA256><PartNumber>2</PartNumber></Part>\
             </CompleteMultipartUpload>"
        );
    }
}
