//! From EC2's error codes to the domain error, and the check that an answer is of the right type.

use driver_kit::{Response, kind_of_status, trim_words};
use gateway_core::{Error, ErrorKind, Result, Status};

use crate::xml::{Element, odd};

/// Reads the answer to `action`: its root, once that is known to be `<ActionResponse>`.
///
/// # Errors
/// The cloud's error, when the document is one; `WrongDocument`, when it is anything else.
pub(crate) fn open_answer(action: &str, response: &Response) -> Result<Element> {
    let text = std::str::from_utf8(&response.body).map_err(|_| odd("not UTF-8"))?;
    let root = Element::parse(text)?;
    if root.name.strip_suffix("Response") == Some(action) {
        return Ok(root);
    }
    Err(error_in(&root, response).unwrap_or_else(|| odd("another root").with("root", trim_words(&root.name))))
}

/// The domain error of an answer with an error status: for [`driver_kit::Request::explain`].
pub(crate) fn explain(response: &Response) -> Option<Error> {
    let document = std::str::from_utf8(&response.body).ok().and_then(|text| Element::parse(text).ok());
    if let Some(error) = document.and_then(|root| error_in(&root, response)) {
        return Some(error);
    }
    // Without an error document it was not EC2 that spoke: a proxy's 403 says nothing of the credential.
    match kind_of_status(response.status)? {
        ErrorKind::Unauthorized | ErrorKind::Forbidden | ErrorKind::NotFound | ErrorKind::Invalid => {
            Some(odd("an error without EC2's error document").with("status", response.status))
        }
        _ => None,
    }
}

/// EC2 wraps errors in `Response/Errors`, STS in `ErrorResponse`.
fn error_in(root: &Element, response: &Response) -> Option<Error> {
    let error = match root.name.as_str() {
        "Response" => root.at(&["Errors", "Error"]),
        "ErrorResponse" => root.child("Error"),
        _ => None,
    }?;
    let code = error.text_at(&["Code"])?;
    let words = error.text_at(&["Message"]).unwrap_or_default();
    Some(error_of(code, words, response))
}

fn error_of(code: &str, words: &str, response: &Response) -> Error {
    let endpoint = &response.endpoint;
    if is_expiry(code, words) {
        let message =
            format!("{endpoint} holds the request's signature for expired: compare its clock with ours");
        // The same signature only gets older: sending it again is for who can sign afresh.
        return Error::unavailable(message).with_status(Status::Persistent).with("code", trim_words(code));
    }
    let kind = kind_of(code, words).or_else(|| kind_of_status(response.status)).unwrap_or(ErrorKind::Invalid);
    let error = Error::new(kind, format!("{endpoint} answered {}", trim_words(code)));
    let error = match code {
        "InvalidNextToken" | "InvalidPaginationToken" => error.with_status(Status::Persistent),
        _ => error,
    };
    // The words of a signature error quote the request, session token included.
    if code.contains("Signature") { error } else { error.with("words", trim_words(words)) }
}

/// Says something of clocks, and nothing of the credential.
fn is_expiry(code: &str, words: &str) -> bool {
    matches!(code, "RequestExpired" | "RequestTimeTooSkewed")
        || code == "SignatureDoesNotMatch"
            && ["Signature expired", "Signature not yet current"].iter().any(|start| words.starts_with(start))
}

fn kind_of(code: &str, words: &str) -> Option<ErrorKind> {
    Some(match code {
        // One image that is no longer shared with us, not the credential, is what EC2 means here.
        "AuthFailure" if words.starts_with("Not authorized for") => ErrorKind::Forbidden,
        "AuthFailure"
        | "Blocked"
        | "ExpiredToken"
        | "ExpiredTokenException"
        | "InvalidAccessKeyId"
        | "InvalidClientTokenId"
        | "MissingAuthenticationToken"
        | "SignatureDoesNotMatch"
        | "UnrecognizedClientException" => ErrorKind::Unauthorized,
        "AccessDenied"
        | "AccessDeniedException"
        | "OptInRequired"
        | "PendingVerification"
        | "UnauthorizedOperation" => ErrorKind::Forbidden,
        "EC2ThrottledException"
        | "RequestLimitExceeded"
        | "RequestThrottled"
        | "SlowDown"
        | "Throttling"
        | "ThrottlingException" => ErrorKind::RateLimited,
        "InternalError"
        | "InternalFailure"
        | "InternalServiceError"
        | "ServiceUnavailable"
        | "Unavailable"
        | "InvalidNextToken"
        | "InvalidPaginationToken" => ErrorKind::Unavailable,
        "InvalidAction" | "NoSuchVersion" | "UnknownOperationException" | "UnsupportedOperation" => {
            ErrorKind::Unsupported
        }
        "InvalidAMIID.Unavailable" | "InvalidInstanceType" => ErrorKind::NotFound,
        _ if code.ends_with(".NotFound") || code.ends_with(".Malformed") => ErrorKind::NotFound,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use driver_kit::{HeaderMap, StatusCode};

    use super::*;

    fn answer(status: u16, body: &str) -> Response {
        Response {
            status: StatusCode::from_u16(status).unwrap(),
            headers: HeaderMap::new(),
            body: body.to_owned().into(),
            endpoint: "ec2:443".into(),
        }
    }

    fn ec2_error(status: u16, code: &str, words: &str) -> Error {
        let body = format!(
            "<Response><Errors><Error><Code>{code}</Code><Message>{words}</Message></Error></Errors></Response>"
        );
        explain(&answer(status, &body)).unwrap()
    }

    #[test]
    fn codes_become_kinds() {
        for (status, code, kind) in [
            (401, "AuthFailure", ErrorKind::Unauthorized),
            (403, "UnauthorizedOperation", ErrorKind::Forbidden),
            (503, "RequestLimitExceeded", ErrorKind::RateLimited),
            (400, "InvalidInstanceID.NotFound", ErrorKind::NotFound),
            (400, "InvalidAMIID.Malformed", ErrorKind::NotFound),
            (400, "InvalidVolume.NotFound", ErrorKind::NotFound),
            (400, "InvalidSnapshot.NotFound", ErrorKind::NotFound),
            (400, "InvalidVpcID.NotFound", ErrorKind::NotFound),
            (400, "InvalidSubnetID.NotFound", ErrorKind::NotFound),
            (400, "InvalidNetworkInterfaceID.NotFound", ErrorKind::NotFound),
            (400, "InvalidRouteTableID.NotFound", ErrorKind::NotFound),
            (400, "InvalidInternetGatewayID.NotFound", ErrorKind::NotFound),
            (400, "InvalidAllocationID.NotFound", ErrorKind::NotFound),
            (400, "InvalidAddress.NotFound", ErrorKind::NotFound),
            (400, "InvalidAssociationID.NotFound", ErrorKind::NotFound),
            (400, "InvalidGroup.NotFound", ErrorKind::NotFound),
            (400, "InvalidGroupId.Malformed", ErrorKind::NotFound),
            (400, "InvalidSecurityGroupRuleId.NotFound", ErrorKind::NotFound),
            (400, "InvalidKeyPair.NotFound", ErrorKind::NotFound),
            (400, "InvalidParameterValue", ErrorKind::Invalid),
            (500, "InternalError", ErrorKind::Unavailable),
            (503, "SomethingNew", ErrorKind::Unavailable),
        ] {
            assert_eq!(ec2_error(status, code, "").kind(), kind, "{code}");
        }
        assert_eq!(ec2_error(503, "Throttling", "").status(), Status::Temporary);
    }

    #[test]
    fn the_error_document_of_sts_is_read_too() {
        let body = "<ErrorResponse><Error><Type>Sender</Type><Code>InvalidClientTokenId</Code></Error></ErrorResponse>";
        assert_eq!(explain(&answer(403, body)).unwrap().kind(), ErrorKind::Unauthorized);
    }

    #[test]
    fn an_expired_signature_is_no_refusal_of_the_credential() {
        for (code, words) in
            [("RequestExpired", ""), ("SignatureDoesNotMatch", "Signature expired: 2015 is earlier")]
        {
            let error = ec2_error(403, code, words);
            assert_eq!((error.kind(), error.status()), (ErrorKind::Unavailable, Status::Persistent));
            assert!(error.message().contains("clock"), "{error}");
        }
        assert_eq!(ec2_error(403, "SignatureDoesNotMatch", "x").kind(), ErrorKind::Unauthorized);
        assert_eq!(
            ec2_error(401, "AuthFailure", "Not authorized for images: [ami-1]").kind(),
            ErrorKind::Forbidden
        );
    }

    #[test]
    fn words_of_signature_errors_are_not_quoted() {
        let error = ec2_error(403, "SignatureDoesNotMatch", "x-amz-security-token:hunter2");
        assert!(!error.chain().contains("hunter2"), "{}", error.chain());
        assert!(ec2_error(403, "UnauthorizedOperation", "You may not").chain().contains("You may not"));
        assert!(!ec2_error(403, "UnauthorizedOperation", "arn:aws:iam::1:user/x").message().contains("arn"));
    }

    #[test]
    fn only_the_right_root_is_an_answer() {
        let right = open_answer("DescribeVolumes", &answer(200, "<DescribeVolumesResponse xmlns='odd'/>"));
        assert!(right.is_ok());
        for body in ["<DescribeImagesResponse/>", "<html/>", "{}", "", "<Response/>"] {
            let error = open_answer("DescribeVolumes", &answer(200, body)).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::WrongDocument, "{body}");
        }
        let refused =
            "<Response><Errors><Error><Code>UnauthorizedOperation</Code></Error></Errors></Response>";
        let error = open_answer("DescribeVolumes", &answer(200, refused)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Forbidden);
    }

    #[test]
    fn a_proxys_refusal_says_nothing_of_the_credential() {
        let error = explain(&answer(403, "<html>no</html>")).unwrap();
        assert_eq!(error.kind(), ErrorKind::WrongDocument);
        assert!(explain(&answer(502, "<html>no</html>")).is_none(), "the kit knows what 502 means");
    }
}
