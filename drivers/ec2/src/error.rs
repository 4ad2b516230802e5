//! EC2's error documents and error codes as domain errors, and the check of an answer's type.

use driver_kit::{Response, kind_of_status, trim_words};
use gateway_core::error::CloudWords;
use gateway_core::{Error, ErrorKind, Result, Status};

use crate::xml::{Element, wrong_document};

/// Returns the root of the answer to `action`, which must be `<ActionResponse>`.
///
/// # Errors
/// The cloud's error, when the document is one; `WrongDocument`, when it is anything else.
pub(crate) fn open_answer(action: &str, response: &Response) -> Result<Element> {
    let text = std::str::from_utf8(&response.body).map_err(|_| wrong_document("not UTF-8"))?;
    let root = Element::parse(text)?;
    if root.name.strip_suffix("Response") == Some(action) {
        return Ok(root);
    }
    Err(error_in(&root, response)
        .unwrap_or_else(|| wrong_document("another root").with("root", trim_words(&root.name))))
}

/// Returns the domain error of an answer with an error status, for [`driver_kit::Request::explain`].
pub(crate) fn explain(response: &Response) -> Option<Error> {
    let document = std::str::from_utf8(&response.body).ok().and_then(|text| Element::parse(text).ok());
    if let Some(error) = document.and_then(|root| error_in(&root, response)) {
        return Some(error);
    }
    // An answer without error document is not from EC2: the 403 of a proxy says nothing about the credential.
    match kind_of_status(response.status)? {
        ErrorKind::Unauthorized | ErrorKind::Forbidden | ErrorKind::NotFound | ErrorKind::Invalid => {
            Some(wrong_document("an error without EC2's error document").with("status", response.status))
        }
        _ => None,
    }
}

/// Reads an error document. EC2 wraps errors in `Response/Errors`, STS in `ErrorResponse`.
fn error_in(root: &Element, response: &Response) -> Option<Error> {
    let error = match root.name.as_str() {
        "Response" => root.at(&["Errors", "Error"]),
        "ErrorResponse" => root.child("Error"),
        _ => None,
    }?;
    let code = error.text_at(&["Code"])?;
    let words = error.text_at(&["Message"]).unwrap_or_default();
    // The message of a signature error quotes the request, including the session token.
    let quoted = if code.contains("Signature") { String::new() } else { trim_words(words) };
    let request_id = ["RequestID", "RequestId"].iter().find_map(|name| root.owned_at(&[name]));
    let cloud = CloudWords { code: trim_words(code), message: quoted.clone(), request_id };
    let error = error_of(code, words, response).with_cloud(cloud);
    Some(if quoted.is_empty() { error } else { error.with("words", quoted) })
}

fn error_of(code: &str, words: &str, response: &Response) -> Error {
    let endpoint = &response.endpoint;
    if is_expiry(code, words) {
        let message = format!(
            "`{endpoint}` takes the signature of the request for expired; compare its clock with this host's"
        );
        // The signature does not become valid again, so that the request must be signed again to be repeated.
        let error =
            Error::unavailable(message).with_status(Status::Persistent).with("code", trim_words(code));
        // A request that is refused for its age changes nothing.
        return error.untouched();
    }
    let kind = kind_of(code, words).or_else(|| kind_of_status(response.status)).unwrap_or(ErrorKind::Invalid);
    let error = Error::new(kind, format!("{endpoint} answered {}", trim_words(code)));
    match code {
        "InvalidNextToken" | "InvalidPaginationToken" => error.with_status(Status::Persistent),
        _ => error,
    }
}

/// Returns whether an error is about clocks rather than about the credential.
fn is_expiry(code: &str, words: &str) -> bool {
    matches!(code, "RequestExpired" | "RequestTimeTooSkewed")
        || code == "SignatureDoesNotMatch"
            && ["Signature expired", "Signature not yet current"].iter().any(|start| words.starts_with(start))
}

fn kind_of(code: &str, words: &str) -> Option<ErrorKind> {
    Some(match code {
        // EC2 refuses an image that is not shared with the account any more, not the credential.
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
        // Values that a user wrote. Other malformed values are ids, which cannot exist.
        "InvalidAMIName.Malformed"
        | "InvalidKey.Malformed"
        | "InvalidPermission.Malformed"
        | "InvalidUserData.Malformed" => ErrorKind::Invalid,
        _ if is_conflict(code) => ErrorKind::Conflict,
        _ if code.ends_with(".NotFound") || code.ends_with(".Malformed") => ErrorKind::NotFound,
        _ => return None,
    })
}

/// Returns whether a code refuses a request because of the present state: something exists, is in use, is in another state,
/// or exceeds a limit. Some of these codes come with a status of 500.
fn is_conflict(code: &str) -> bool {
    const ENDS: [&str; 7] = [
        ".Duplicate",
        ".InUse",
        ".AlreadyAssociated",
        "AlreadyExists",
        "LimitExceeded",
        "RateExceeded",
        "Mismatch",
    ];
    ENDS.iter().any(|end| code.ends_with(end))
        || code.starts_with("Incorrect")
        || (code.starts_with("Insufficient") && code.contains("Capacity"))
        || matches!(
            code,
            "DependencyViolation"
                | "InvalidSubnet.Conflict"
                | "InvalidVpcState"
                | "OperationNotPermitted"
                | "ResourceCountExceeded"
                | "VolumeInUse"
        )
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
            (400, "InvalidAMIName.Malformed", ErrorKind::Invalid),
            (400, "InvalidPermission.Duplicate", ErrorKind::Conflict),
            (400, "InvalidNetworkInterface.InUse", ErrorKind::Conflict),
            (400, "Resource.AlreadyAssociated", ErrorKind::Conflict),
            (400, "RouteAlreadyExists", ErrorKind::Conflict),
            (400, "IncorrectInstanceState", ErrorKind::Conflict),
            (400, "VcpuLimitExceeded", ErrorKind::Conflict),
            (400, "VolumeModificationRateExceeded", ErrorKind::Conflict),
            (400, "IdempotentParameterMismatch", ErrorKind::Conflict),
            (400, "DependencyViolation", ErrorKind::Conflict),
            (400, "VolumeInUse", ErrorKind::Conflict),
            (500, "InsufficientInstanceCapacity", ErrorKind::Conflict),
            (503, "RequestLimitExceeded", ErrorKind::RateLimited),
            (500, "InternalError", ErrorKind::Unavailable),
            (503, "SomethingNew", ErrorKind::Unavailable),
        ] {
            assert_eq!(ec2_error(status, code, "").kind(), kind, "{code}");
        }
        assert_eq!(ec2_error(503, "Throttling", "").status(), Status::Temporary);
    }

    #[test]
    fn error_document_of_sts_is_read() {
        let body = "<ErrorResponse><Error><Type>Sender</Type><Code>InvalidClientTokenId</Code></Error></ErrorResponse>";
        assert_eq!(explain(&answer(403, body)).unwrap().kind(), ErrorKind::Unauthorized);
    }

    #[test]
    fn expired_signature_is_no_refusal_of_the_credential() {
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
    fn message_of_signature_error_is_left_out() {
        let error = ec2_error(403, "SignatureDoesNotMatch", "x-amz-security-token:hunter2");
        assert!(!error.chain().contains("hunter2"), "{}", error.chain());
        let words = error.cloud().unwrap();
        assert_eq!((words.code.as_str(), words.message.as_str()), ("SignatureDoesNotMatch", ""));
        assert!(ec2_error(403, "UnauthorizedOperation", "You may not").chain().contains("You may not"));
        assert!(!ec2_error(403, "UnauthorizedOperation", "arn:aws:iam::1:user/x").message().contains("arn"));
    }

    #[test]
    fn error_has_the_clouds_words_and_request_id() {
        let body = "<Response><Errors><Error><Code>VolumeInUse</Code><Message>vol-1 is in\n use</Message></Error></Errors>\
            <RequestID>r-1</RequestID></Response>";
        let error = explain(&answer(400, body)).unwrap();
        let words = CloudWords {
            code: "VolumeInUse".to_owned(),
            message: "vol-1 is in use".to_owned(),
            request_id: Some("r-1".to_owned()),
        };
        assert_eq!(error.cloud(), Some(&words));
        assert!(error.changed_nothing());
        assert!(!ec2_error(500, "InternalError", "").changed_nothing());
        assert!(ec2_error(400, "RequestExpired", "").changed_nothing(), "it was not looked at");
    }

    #[test]
    fn answer_with_another_root_is_an_error() {
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
    fn refusal_by_a_proxy_says_nothing_about_the_credential() {
        let error = explain(&answer(403, "<html>no</html>")).unwrap();
        assert_eq!(error.kind(), ErrorKind::WrongDocument);
        assert!(explain(&answer(502, "<html>no</html>")).is_none(), "the kit knows what 502 means");
    }
}
