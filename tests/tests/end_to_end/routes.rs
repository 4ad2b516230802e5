//! A walk over every route of the OpenAPI document with every token that is not good: nothing is answered that
//! should not be.

use gateway_core::access::keyring::Keyring;
use gateway_core::access::token::{self, Claims};
use gateway_core::clock::{Clock as _, SystemClock};
use gateway_core::id::TokenId;
use gateway_tests::client::{Answer, access_key};
use gateway_tests::{Client, TestCluster};
use reqwest::Method;

use crate::environment::{CLOUD, Environment, collections, problem_type};

/// One operation of the document.
struct Route {
    path: String,
    /// The same, naming a record that exists and is the stage's client's own.
    target: String,
    method: Method,
    /// The security scheme that it wants; none for what is public.
    wants: Option<String>,
}

#[tokio::test]
async fn no_route_answers_without_a_good_token_of_its_own() {
    let accounts = ["--account", "demo:demo-secret", "--account", "acme:acme-secret"];
    let env = Environment::with_cloud(TestCluster::builder("routes"), &accounts).await;
    let routes = routes(&env.client).await;
    assert!(routes.len() >= 14, "{} routes", routes.len());
    for (name, authorization, kind) in refused(&env).await {
        for route in &routes {
            let answer = ask(&env, &route.method, route, authorization.as_deref()).await;
            let asked = format!("{} {} with a token that is {name}", route.method, route.path);
            match route.wants.as_deref() {
                None => assert!(answer.status.is_success(), "{asked}: {}", answer.status),
                Some(scheme) => {
                    // What wants the client's secret takes no token at all.
                    let kind = if scheme == "client" { "client-missing" } else { kind };
                    assert_eq!(answer.status, 401, "{asked}: {}", answer.body);
                    assert_eq!(problem_type(&answer.body), kind, "{asked}");
                    assert!(answer.headers.contains_key("www-authenticate"), "{asked}");
                    let leaked = answer.body.get("items").or(answer.body.get("token"));
                    assert!(leaked.is_none(), "{asked}: {}", answer.body);
                }
            }
        }
    }
    for token in [None, env.client.token.clone()] {
        let authorization = token.map(|token| format!("Bearer {token}"));
        other_methods(&env, &routes, authorization.as_deref()).await;
    }
    anothers(&env, &routes).await;
}

/// Name, `Authorization`, and the problem that it leads to where a token is wanted.
async fn refused(env: &Environment) -> Vec<(&'static str, Option<String>, &'static str)> {
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
    // Ours in every part but the last: the claims of another signature.
    let (head, _) = good.rsplit_once('.').unwrap();
    let (_, signature) = forged.expose().rsplit_once('.').unwrap();
    let mut revoked = env.client.clone();
    let token = revoked.login(&[]).await.unwrap().token;
    assert_eq!(revoked.request(Method::DELETE, "/v1/token").await.unwrap().status, 204);
    vec![
        ("missing", None, "token-missing"),
        ("not a token", bearer("x"), "token-malformed"),
        ("empty", bearer(""), "token-missing"),
        ("of another scheme", Some(format!("Token {good}")), "token-missing"),
        ("without a signature", bearer(&format!("{head}.")), "token-forged"),
        ("under another signature", bearer(&format!("{head}.{signature}")), "token-forged"),
        ("forged", bearer(forged.expose()), "token-forged"),
        ("expired", bearer(expired.expose()), "token-expired"),
        ("revoked", bearer(&token), "token-revoked"),
        ("of no principal", bearer(stranger.expose()), "token-revoked"),
    ]
}

/// A good token of a client with a grant for another account: answered, with nothing of ours in it.
async fn anothers(env: &Environment, routes: &[Route]) {
    let mut other = env.cluster.register_client("other").await;
    other.login(&[access_key(CLOUD, "acme", "acme-secret")]).await.unwrap();
    let authorization = format!("Bearer {}", other.token.as_deref().unwrap());
    let before = env.client.list("instances", &[]).await.unwrap();
    // What ends the token comes last.
    let (last, first): (Vec<&Route>, Vec<&Route>) = routes
        .iter()
        .filter(|route| route.wants.as_deref() == Some("token"))
        .partition(|route| route.path == "/v1/token");
    for route in first.into_iter().chain(last) {
        let answer = ask(env, &route.method, route, Some(&authorization)).await;
        let asked = format!("{} {} by another", route.method, route.path);
        // Whose record it is: these are published to all who have a grant at the cloud.
        let published = ["/v1/instance_types", "/v1/volume_types", "/v1/datacenters"];
        let private = !published.iter().any(|path| route.path.starts_with(path));
        let expected = match (&route.method, route.path.as_str()) {
            (_, "/v1/token") => 204,
            (_, "/v1/refresh") => 202,
            (_, path) if path.contains("{id}") && private => 404,
            // Without a number of how many are expected.
            (&Method::POST, path) if path.contains("/actions/") => 400,
            // Nothing has to be said of it: it is made, in the other's own account.
            (&Method::POST, "/v1/ip_addresses") => 201,
            // Without a body that says what.
            (&Method::POST, _) => 422,
            _ => 200,
        };
        assert_eq!(answer.status, expected, "{asked}: {}", answer.body);
        assert!(!answer.body.to_string().contains(&env.account), "{asked} tells of our account");
    }
    // It has ended its own token, not ours.
    let after = env.client.list("instances", &[]).await.unwrap();
    assert_eq!(after.items.len(), before.items.len());
}

/// Methods that a path does not have are refused, whoever asks.
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
            let wants = scheme.as_object().and_then(|scheme| scheme.keys().next().cloned());
            let method = method.to_uppercase().parse().unwrap();
            routes.push(Route { target: target(client, path).await, path: path.clone(), method, wants });
        }
    }
    for collection in collections() {
        assert!(routes.iter().any(|route| route.path == format!("/v1/{collection}")), "{collection}");
    }
    routes
}

/// A path with a record of the client's own in it.
async fn target(client: &Client, path: &str) -> String {
    let Some((collection, rest)) = path.split_once("/{id}") else {
        let query = match path {
            "/v1/events" => "?after=0",
            // What others wait for is not asked for here.
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

/// Without content it would be refused for that alone, before anybody looks whose token it is.
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
