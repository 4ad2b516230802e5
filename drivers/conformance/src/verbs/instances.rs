//! Instances: every action that the driver has, from one state to the next.

use gateway_core::Kind;
use gateway_core::document::observation::Observed;
use gateway_core::driver::{Known, OneTimeOutput, Touched};
use gateway_core::kind::{Verb, When};
use serde_json::{Value, json};

use super::desk::{Desk, is_refusal};
use super::fit::fit;
use super::{action, images, life, volumes};
use crate::report::{Report, Verdict, ensure, failed, skipped};

/// What the start-up program is told: it must be in no error and no document.
const SECRET: &str = "#!/bin/sh\n: start-up-secret\n";

/// What leads from running to another state and back.
const THERE_AND_BACK: [(Verb, &str, Verb); 4] = [
    (Verb::Stop, "stopped", Verb::Start),
    (Verb::Pause, "paused", Verb::Unpause),
    (Verb::Suspend, "suspended", Verb::Resume),
    (Verb::Shelve, "shelved", Verb::Unshelve),
];

pub(super) async fn run(desk: &Desk<'_>, report: &mut Report) {
    let of = Kind::Instance;
    if !desk.can(of, Verb::Create) {
        return;
    }
    let fixtures = desk.fixtures;
    let (Some(image), Some(instance_type)) = (&fixtures.image, &fixtures.instance_type) else {
        desk.note::<()>(report, of, "one is made", skipped("no image and type are given"));
        return;
    };
    let helpers = async {
        let mut named =
            vec![desk.known(Kind::Image, image).await?, desk.known(Kind::InstanceType, instance_type).await?];
        if let Some(network) = &fixtures.network {
            named.push(desk.known(Kind::Network, network).await?);
        }
        Ok(named)
    };
    let Some(named) = desk.note(report, of, "what it is made of is there", helpers.await) else { return };
    let mut command = json!({ "name": desk.name("instance"), "image": named[0].id, "instance_type": named[1].id,
        "networks": named.get(2).map(|network| network.id).into_iter().collect::<Vec<_>>(),
        "tags": { "role": "test" }, "user_data": SECRET });
    if let Some(datacenter) = &fixtures.datacenter {
        command["datacenter"] = json!(datacenter);
    }
    let names: Vec<_> = named.iter().collect();
    let Some(instance) = life::begin(desk, report, of, command, &names).await else { return };
    let touched = Touched::new(of, instance.native_key.as_str());
    desk.note(report, of, "its start-up data is in no document", keeps_secret(desk, &touched).await);
    for verb in [Verb::Start, Verb::Unpause, Verb::Resume, Verb::Unshelve, Verb::ConfirmResize] {
        action::refused(desk, report, &touched, verb, Value::Null).await;
    }
    attachment(desk, report, &instance).await;
    console(desk, report, &touched).await;
    image_of(desk, report, &instance).await;
    for (there, state, back) in THERE_AND_BACK {
        go(desk, report, &touched, there, state).await;
        go(desk, report, &touched, back, "running").await;
    }
    if desk.can(of, Verb::Reboot) {
        for hard in [false, true] {
            let command = json!({ "hard": hard });
            action::act(desk, report, &touched, Verb::Reboot, command, &[], is_in("running")).await;
        }
    }
    for (verb, locked) in [(Verb::Lock, true), (Verb::Unlock, false)] {
        let is_locked = move |now: &Observed| now.fields["locked"] == locked;
        action::act(desk, report, &touched, verb, Value::Null, &[], is_locked).await;
    }
    resize(desk, report, &touched).await;
    let rebuilt = json!({ "image": named[0].id });
    action::act(desk, report, &touched, Verb::Rebuild, rebuilt, &[&named[0]], is_in("running")).await;
    life::end(desk, report, &instance).await;
}

fn is_in(state: &str) -> impl Fn(&Observed) -> bool {
    move |now: &Observed| now.state == Some(state)
}

async fn go(desk: &Desk<'_>, report: &mut Report, touched: &Touched, verb: Verb, state: &str) {
    action::act(desk, report, touched, verb, Value::Null, &[], is_in(state)).await;
}

async fn keeps_secret(desk: &Desk<'_>, touched: &Touched) -> Verdict {
    let Some(observed) = desk.get(touched.kind, &touched.native_key).await? else {
        return failed("it is gone");
    };
    let text = format!("{} {}", Value::Object(observed.document()), observed.raw);
    ensure(!text.contains("start-up-secret"), || "the document has it".to_owned())
}

/// A volume comes into an instance and out again.
async fn attachment(desk: &Desk<'_>, report: &mut Report, instance: &Known) {
    let of = Kind::VolumeAttachment;
    if !desk.can(of, Verb::Create) || !desk.can(Kind::Volume, Verb::Create) {
        return;
    }
    let made = desk.make(Kind::Volume, volumes::empty(desk, "attached"), &[]).await;
    let Some(volume) = desk.note(report, of, "a volume for it is made", made) else { return };
    let touched = Touched::new(volume.kind, volume.native_key.as_str());
    let command = json!({ "volume": volume.id, "instance": instance.id });
    if let Some(attachment) = life::begin(desk, report, of, command, &[&volume, instance]).await {
        let in_use = desk.until("in use", &touched, is_in("in_use")).await;
        desk.note(report, volume.kind, "it is in use once it is attached", in_use);
        desk.note(report, volume.kind, "what is attached is not removed", stays(desk, &touched).await);
        life::end(desk, report, &attachment).await;
        let free = desk.until("available", &touched, is_in("available")).await;
        desk.note(report, volume.kind, "it is available once it is detached", free);
    }
    let gone = desk.remove(volume.kind, &volume.native_key).await;
    desk.note(report, volume.kind, "what was attached is removed", gone);
}

async fn stays(desk: &Desk<'_>, touched: &Touched) -> Verdict {
    let target = desk.known(touched.kind, &touched.native_key).await?;
    let task = desk.task(touched.kind, Verb::Delete, Value::Null, Some(&target), &[])?;
    match desk.act(&task).await {
        Ok(done) => failed(format!("it was removed: {done:?}")),
        Err(error) => is_refusal(&error),
    }
}

async fn console(desk: &Desk<'_>, report: &mut Report, touched: &Touched) {
    let any = |_: &Observed| true;
    let done = action::act(desk, report, touched, Verb::ConsoleOutput, Value::Null, &[], any).await;
    if let Some(done) = done {
        let told = matches!(done.answer, Some(OneTimeOutput::ConsoleOutput(_)));
        let verdict = ensure(told, || format!("{:?} was told", done.answer));
        desk.note(report, touched.kind, "what it wrote is told", verdict);
    }
}

/// An image of the instance carries the marker too.
async fn image_of(desk: &Desk<'_>, report: &mut Report, instance: &Known) {
    if !desk.can(instance.kind, Verb::CreateImage) {
        return;
    }
    let command = json!({ "name": desk.name("of-instance"), "tags": { "role": "test" } });
    let command = fit(desk, report, (instance.kind, Verb::CreateImage), command, Some(instance), &[]);
    let made = async {
        let wanted = command["tags"].clone();
        let task = desk.task(instance.kind, Verb::CreateImage, command, Some(instance), &[])?;
        let done = desk.act(&task).await?;
        let Some(image) = done.touched.first() else { return failed("it touched nothing") };
        ensure(image.kind == Kind::Image, || format!("what it touched first is a {}", image.kind))?;
        let shown = desk.until("available", image, is_in("available")).await?;
        let found = desk.session.find(&desk.fixtures.region, &task.step()).await?;
        ensure(found.as_ref() == Some(image), || format!("{found:?} was found, and {image:?} made"))?;
        ensure(life::has_tags(&shown, &wanted), || format!("its tags are {:?}", shown.tags))?;
        Ok(desk.know(&shown))
    };
    let what = "an image of it is made, and found by its marker";
    let Some(image) = desk.note(report, instance.kind, what, made.await) else { return };
    images::share(desk, report, &image).await;
    life::end(desk, report, &image).await;
}

/// Another type, kept once and taken back once, where the cloud asks.
async fn resize(desk: &Desk<'_>, report: &mut Report, touched: &Touched) {
    let Some(can) = desk.capability().can(touched.kind, Verb::Resize) else { return };
    let fixtures = desk.fixtures;
    let (Some(first), Some(other)) = (&fixtures.instance_type, &fixtures.other_type) else {
        desk.note::<()>(report, touched.kind, "resize does what it says", skipped("no other type is given"));
        return;
    };
    let types = async {
        let of = Kind::InstanceType;
        Ok([desk.known(of, other).await?, desk.known(of, first).await?])
    };
    let Some([other, first]) = desk.note(report, touched.kind, "types to resize to are there", types.await)
    else {
        return;
    };
    let from_stopped = !matches!(can.only, When::Always) && !can.only.takes(Some("running"));
    if from_stopped {
        go(desk, report, touched, Verb::Stop, "stopped").await;
    }
    let asks = desk.can(touched.kind, Verb::ConfirmResize);
    let rounds = [
        (&other, Verb::RevertResize, &first),
        (&other, Verb::ConfirmResize, &other),
        (&first, Verb::ConfirmResize, &first),
    ];
    for (wanted, end, then) in rounds {
        if !asks && end == Verb::RevertResize {
            continue;
        }
        let is_of = |now: &Observed, of: &Known| now.fields["instance_type"]["name"] == of.name.as_str();
        let is_new = |now: &Observed| {
            is_of(now, wanted) && !now.is_transitional() && (!asks || now.state == Some("resized"))
        };
        let command = json!({ "instance_type": wanted.id });
        action::act(desk, report, touched, Verb::Resize, command, &[wanted], is_new).await;
        let is_ended = |now: &Observed| is_of(now, then) && now.state == Some("running");
        action::act(desk, report, touched, end, Value::Null, &[], is_ended).await;
    }
    if from_stopped {
        go(desk, report, touched, Verb::Start, "running").await;
    }
}
