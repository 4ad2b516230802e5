//! A walk over every route of the OpenAPI document with every kind of bad token, over HTTP and over the bus, and with
//! the token of another client.

use gateway_core::access::keyring::Keyring;
use gateway_core::access::token::{self, Claims};
use gateway_core::clock::{Clock as _, SystemClock};
use gateway_core::id::TokenId;
use gateway_tests::client::{Answer, access_key};
use gateway_tests::{Client, TestCluster};
use reqwest::Method;
use serde_json::{Value, json};

use crate::bus_api::{ask as ask_over_bus, body};
use crate::environment::{CLOUD, Environment, collections, problem_type};

/// An operation of the document.
struct Route {
    path: String,
    /// The path with the id of a record of the environment's client.
    target: String,
    method: Method,
    /// The required security scheme; none for public routes.
    scheme: Option<String>,
    /// The work class, or `front`.
    class: String,
}

/// A bad token.
struct Refused {
    name: &'static str,
    authorization: Option<String>,
    /// The problem of routes that require a token.
    problem_type: &'static str,
}

#[tokio::test]
async fn every_route_refuses_bad_tokens_and_hides_records_from_others() {
    let accounts = ["--account", "demo:demo-secret", "--account", "acme:acme-secret"];
    let env = Environment::with_cloud(
        TestCluster::builder("routes").set("bus.accept_plain_secrets", true),
        &accounts,
    )
    .await;
    let routes = routes(&env.client).await;
    assert!(routes.len() >= 14, "{} routes", routes.len());
    for refused in refused(&env).await {
        over_http(&env, &routes, &refused).await;
        over_the_bus(&env, &routes, &refused);
    }
    for token in [None, env.client.token.clone()] {
        let authorization = token.map(|token| format!("Bearer {token}"));
        other_methods(&env, &routes, authorization.as_deref()).await;
    }
    another_client(&env, &routes).await;
}

/// Asserts that the front refuses a bad token.
async fn over_http(env: &Environment, routes: &[Route], refused: &Refused) {
    for route in routes {
        let answer = ask(env, &route.method, route, refused.authorization.as_deref()).await;
        let asked = format!("{} {} with a token that is {}", route.method, route.path, refused.name);
        let Some((expected_type, challenge)) = expected(route, refused) else {
            assert!(answer.status.is_success(), "{asked}: {}", answer.status);
            continue;
        };
        assert_eq!(answer.status, 401, "{asked}: {}", answer.body);
        assert_eq!(problem_type(&answer.body), expected_type, "{asked}");
        let sent = answer.headers["www-authenticate"].to_str().unwrap();
        assert!(sent.starts_with(challenge), "{asked}: {sent}");
        assert_holds_nothing(&answer.body, &asked);
    }
}

/// Asserts that handlers refuse a bad token themselves: a program on the bus sends its requests without a front.
fn over_the_bus(env: &Environment, routes: &[Route], refused: &Refused) {
    let routes: Vec<_> = routes.iter().filter(|route| route.class != "front").collect();
    let authorization = refused.authorization.as_deref().map(str::trim_end);
    let request = |route: &&Route| {
        let (class, method) = (&route.class, route.method.as_str());
        json!({"class": class, "method": method, "target": route.target, "authorization": authorization})
    };
    let replies = ask_over_bus(env, &routes.iter().map(request).collect::<Vec<_>>());
    assert_eq!(replies.len(), routes.len());
    for (route, reply) in routes.iter().zip(replies) {
        let asked = format!("{} {} on the bus, {}", route.method, route.path, refused.name);
        let (expected_type, challenge) = expected(route, refused).expect("handlers serve no public route");
        assert_eq!(reply["status"], 401, "{asked}: {reply}");
        let body = body(&reply);
        assert_eq!(problem_type(&body), expected_type, "{asked}");
        let headers = reply["headers"].as_array().unwrap();
        let sent = headers.iter().find(|header| header[0] == "www-authenticate").expect("a challenge");
        assert!(sent[1].as_str().unwrap().starts_with(challenge), "{asked}: {sent}");
        assert_holds_nothing(&body, &asked);
    }
}

/// Returns the expected problem and challenge; none for public routes.
fn expected(route: &Route, refused: &Refused) -> Option<(&'static str, &'static str)> {
    match route.scheme.as_deref()? {
        // These routes require the secret of a client, so that any token is the wrong scheme.
        "client" => Some(("client-missing", "Basic")),
        _ => Some((refused.problem_type, "Bearer")),
    }
}

fn assert_holds_nothing(body: &Value, asked: &str) {
    let leaked = body.get("items").or(body.get("token"));
    assert!(leaked.is_none(), "{asked}: {body}");
}

/// Returns every kind of bad token.
async fn refused(env: &Environment) -> Vec<Refused> {
    let now = SystemClock.now();
    let claims = |from: i64| Claims {
        sub: env.client.id.parse().unwrap(),
        iat: now.seconds() + from,
        exp: now.seconds() + from + 600,
        jti: TokenId::generate(),
    };
    let ours = Keyring::load(&env.cluster.keyring).unwrap();
    let theirs = Keyring::generate(now).unwrap();
    let bearer = |token: &str| Some(format!("Bearer {token}"));
    let good = env.client.token.clone().unwrap();
    let forged = token::issue(&theirs, &claims(0), now).unwrap();
    let expired = token::issue(&ours, &claims(-601), now).unwrap();
    let stranger = Claims { sub: gateway_core::id::PrincipalId::generate(), ..claims(0) };
    let stranger = token::issue(&ours, &stranger, now).unwrap();
    // A token with the signature of another one.
    let (head, _) = good.rsplit_once('.').unwrap();
    let (_, signature) = forged.expose().rsplit_once('.').unwrap();
    let mut revoked = env.client.clone();
    let token = revoked.login(&[]).await.unwrap().token;
    assert_eq!(revoked.request(Method::DELETE, "/v1/token").await.unwrap().status, 204);
    let (header, rest) = good.split_once('.').unwrap();
    let refused = [
        ("missing", None, "token-missing"),
        ("not a token", bearer("x"), "token-malformed"),
        ("empty", bearer(""), "token-missing"),
        ("of another scheme", Some(format!("Token {good}")), "token-missing"),
        ("a bare scheme", Some("Bearer".to_owned()), "token-missing"),
        ("under the scheme of clients", Some(format!("Basic {good}")), "token-missing"),
        ("changed in its claims", bearer(&format!("{header}.x{rest}")), "token-forged"),
        ("without a signature", bearer(&format!("{head}.")), "token-forged"),
        ("under another signature", bearer(&format!("{head}.{signature}")), "token-forged"),
        ("forged", bearer(forged.expose()), "token-forged"),
        ("expired", bearer(expired.expose()), "token-expired"),
        ("revoked", bearer(&token), "token-revoked"),
        ("of no principal", bearer(stranger.expose()), "token-revoked"),
    ];
    let all = refused.into_iter();
    all.map(|(name, authorization, problem_type)| Refused { name, authorization, problem_type }).collect()
}

/// Asserts that a client with a grant for another account gets answers without anything of ours.
async fn another_client(env: &Environment, routes: &[Route]) {
    let mut other = env.cluster.register_client("other").await;
    other.login(&[access_key(CLOUD, "acme", "acme-secret")]).await.unwrap();
    let authorization = format!("Bearer {}", other.token.as_deref().unwrap());
    let before = env.client.list("instances", &[]).await.unwrap();
    let own = &before.items[0];
    let name = own["name"].as_str().unwrap();
    // The route that revokes the token comes last.
    let (last, first): (Vec<&Route>, Vec<&Route>) = routes
        .iter()
        .filter(|route| route.scheme.as_deref() == Some("token"))
        .partition(|route| route.path == "/v1/token");
    for route in first.into_iter().chain(last) {
        let answer = ask(env, &route.method, route, Some(&authorization)).await;
        let asked = format!("{} {} by another", route.method, route.path);
        // These kinds are published to all accounts of the cloud.
        let published = ["/v1/instance_types", "/v1/volume_types", "/v1/datacenters"];
        let private = !published.iter().any(|path| route.path.starts_with(path));
        let expected = match (&route.method, route.path.as_str()) {
            (_, "/v1/token") => 204,
            (_, "/v1/refresh") => 202,
            (_, path) if path.contains("{id}") && private => 404,
            // The body does not say how many resources are expected.
            (&Method::POST, path) if path.contains("/actions/") => 400,
            // The command has no required field: the address is created in the other's account.
            (&Method::POST, "/v1/ip_addresses") => 201,
            // The body is missing.
            (&Method::POST, _) => 422,
            _ => 200,
        };
        assert_eq!(answer.status, expected, "{asked}: {}", answer.body);
        let text = answer.body.to_string();
        assert!(!text.contains(&env.account), "{asked} names our account");
        assert!(!text.contains(own["id"].as_str().unwrap()), "{asked} names our instance");
        assert!(!text.contains("\"demo\""), "{asked} names the cloud's id of our account");
    }
    let link = own["links"]["self"].as_str().unwrap();
    assert_eq!(env.client.get(link).await.unwrap()["name"], name);
    // The other client revoked its own token, not ours.
    let after = env.client.list("instances", &[]).await.unwrap();
    assert_eq!(after.items.len(), before.items.len());
}

/// Asserts that methods that a path does not have are refused for every caller.
async fn other_methods(env: &Environment, routes: &[Route], authorization: Option<&str>) {
    for route in routes {
        for method in [Method::PUT, Method::PATCH, Method::POST, Method::DELETE] {
            if routes.iter().any(|other| other.path == route.path && other.method == method) {
                continue;
            }
            let asked = format!("{method} {}", route.path);
            let answer = ask(env, &method, route, authorization).await;
            assert_eq!(answer.status, 405, "{asked}");
        }
    }
}

async fn routes(client: &Client) -> Vec<Route> {
    let document = client.get("/v1/openapi.json").await.unwrap();
    let mut routes = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let scheme = &operation["security"][0];
            let scheme = scheme.as_object().and_then(|scheme| scheme.keys().next().cloned());
            let class = operation["x-gateway-class"].as_str().unwrap().to_owned();
            let method = method.to_uppercase().parse().unwrap();
            let target = target(client, path).await;
            routes.push(Route { target, path: path.clone(), method, scheme, class });
        }
    }
    for collection in collections() {
        assert!(routes.iter().any(|route| route.path == format!("/v1/{collection}")), "{collection}");
    }
    routes
}

/// Returns a path with the id of a record of the client.
async fn target(client: &Client, path: &str) -> String {
    let Some((collection, rest)) = path.split_once("/{id}") else {
        let query = match path {
            "/v1/events" => "?after=0",
            // The walk does not wait for listings.
            "/v1/refresh" => "?wait=false",
            _ => "",
        };
        return format!("{path}{query}");
    };
    if collection == "/v1/operations" {
        return format!("{collection}/{}{rest}", uuid::Uuid::new_v4());
    }
    let page = client.page(collection.trim_start_matches("/v1/"), &[]).await.unwrap();
    let own = page.items.iter().find(|item| item["account"] != "global").or(page.items.first());
    format!("{collection}/{}{rest}", own.unwrap()["id"].as_str().unwrap())
}

async fn ask(env: &Environment, method: &Method, route: &Route, authorization: Option<&str>) -> Answer {
    if *method == Method::PUT && route.path.ends_with("/content") {
        return with_content(env, route, authorization).await;
    }
    env.client.request_with(method.clone(), &route.target, authorization).await.unwrap()
}

/// Sends content: a request without it is refused before its token is checked.
async fn with_content(env: &Environment, route: &Route, authorization: Option<&str>) -> Answer {
    let request = reqwest::Client::new()
        .put(format!("{}{}", env.client.base(), route.target))
        .header("content-type", "application/octet-stream")
        .body("content");
    let request = authorization.iter().fold(request, |request, text| request.header("authorization", *text));
    let response = request.send().await.unwrap();
    let (status, headers) = (response.status(), response.headers().clone());
    Answer { status, headers, body: response.json().await.unwrap_or_default() }
}
