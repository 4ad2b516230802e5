use proptest::prelude::*;

use super::*;

/// Returns key and scope of the test suite that AWS published for this signature.
fn published(token: Option<&str>) -> (AccessKey, SigningScope<'static>) {
    let key = AccessKey {
        id: "AKIDEXAMPLE".to_owned(),
        secret: Secret::new("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"),
        token: token.map(Secret::new),
    };
    let time = Timestamp::parse("2015-08-30T12:36:00Z").unwrap();
    (key, SigningScope { region: "us-east-1", service: "service", time })
}

fn signature(method: &str, url: &str, content_type: Option<&str>, body: &str, token: Option<&str>) -> String {
    let (key, scope) = published(token);
    let url = Url::parse(url).unwrap();
    let request = Unsigned { method, url: &url, content_type, body: body.as_bytes() };
    sign(&key, scope, request).unwrap().authorization
}

const ROOT: &str = "https://example.amazonaws.com/";

#[test]
fn get_is_signed_as_published() {
    assert_eq!(
        signature("GET", ROOT, None, "", None),
        "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, \
         SignedHeaders=host;x-amz-date, \
         Signature=5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"
    );
}

#[test]
fn query_is_signed_as_published() {
    let first = signature("GET", &format!("{ROOT}?Param1=value1&Param2=value2"), None, "", None);
    let other_order = signature("GET", &format!("{ROOT}?Param2=value2&Param1=value1"), None, "", None);
    assert!(first.ends_with("b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500"), "{first}");
    assert_eq!(first, other_order);
}

#[test]
fn post_is_signed_as_published() {
    let got = signature("POST", ROOT, None, "", None);
    assert!(got.ends_with("5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"), "{got}");
}

#[test]
fn posted_form_is_signed_as_published() {
    let got = signature("POST", ROOT, Some("application/x-www-form-urlencoded"), "Param1=value1", None);
    assert!(got.contains("SignedHeaders=content-type;host;x-amz-date,"), "{got}");
    assert!(got.ends_with("ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a"), "{got}");
}

#[test]
fn session_token_is_signed_as_published() {
    let token = "AQoDYXdzEPT//////////wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4FZTwdQWLWsKWHGBuFqwAeMicRXmxfpSPfIeoIYRq\
        TflfKD8YUuwthAx7mSEI/qkPpKPi/kMcGdQrmGdeehM4IC1NtBmUpp2wUE8phUZampKsburEDy0KPkyQDYwT7WZ0wq5VSXDvp75YU9HFvlRd8Tx\
        6q6fE8YQcHNVXAkiY9q6d+xo0rKwT38xVqr7ZD0u0iPPkUL64lIZbqBAz+scqKmlzm8FDrypNC9Yjc8fPOLn9FX9KSYvKTr4rvx3iSIlTJabIQwj\
        2ICCR/oLxBA==";
    let got = signature("POST", ROOT, None, "", Some(token));
    assert!(got.contains("SignedHeaders=host;x-amz-date;x-amz-security-token,"), "{got}");
    assert!(got.ends_with("85d96828115b5dc0cfc3bd16ad9e210dd772bbebba041836c64533a82be05ead"), "{got}");
}

#[test]
fn host_has_a_port_unless_it_is_the_default() {
    let canonical = |url: &str| {
        let url = Url::parse(url).unwrap();
        canonical_request(Unsigned { method: "POST", url: &url, content_type: None, body: b"" }, "D", None)
            .unwrap()
            .0
    };
    assert!(canonical("http://127.0.0.1:17000/").contains("\nhost:127.0.0.1:17000\n"));
    assert!(canonical("https://example.com:443/").contains("\nhost:example.com\n"));
}

#[test]
fn debug_of_key_shows_no_secret() {
    let (key, _) = published(Some("hunter2"));
    let text = format!("{key:?}");
    assert!(!text.contains("wJalr") && !text.contains("hunter2"), "{text}");
}

proptest! {
    #[test]
    fn canonical_query_does_not_depend_on_the_order_of_its_pairs(
        mut pairs in proptest::collection::vec((".{0,8}", ".{0,8}"), 0..6), turn in 0usize..6,
    ) {
        let canonical = |pairs: &[(String, String)]| {
            let mut url = Url::parse(ROOT).unwrap();
            url.query_pairs_mut().extend_pairs(pairs);
            canonical_query(&url)
        };
        let before = canonical(&pairs);
        let middle = turn.min(pairs.len());
        pairs.rotate_left(middle);
        prop_assert_eq!(&canonical(&pairs), &before);
        prop_assert!(before.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~%=&".contains(&byte)));
    }

    #[test]
    fn encoded_text_decodes_to_itself(text in ".{0,40}") {
        let query = format!("{ROOT}?v={}", utf8_percent_encode(&text, ESCAPED));
        let url = Url::parse(&query).unwrap();
        let value = url.query_pairs().next().unwrap().1.into_owned();
        prop_assert_eq!(value, text);
    }

    #[test]
    fn change_of_the_body_changes_the_signature(body in "[a-z=&]{1,30}", at in 0usize..30) {
        let mut changed = body.clone();
        let at = at % changed.len();
        changed.replace_range(at..=at, "X");
        prop_assert_ne!(signature("POST", ROOT, None, &body, None), signature("POST", ROOT, None, &changed, None));
    }
}
