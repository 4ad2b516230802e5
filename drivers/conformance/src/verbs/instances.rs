//! Instances: every action of the driver, from state to state.

use gateway_core::Kind;
use gateway_core::document::observation::Observed;
use gateway_core::driver::{Known, OneTimeOutput, Touched};
use gateway_core::kind::{Verb, When};
use serde_json::{Value, json};

use super::runner::{Runner, is_refusal};
use super::without_unsupported::without_unsupported;
use super::{action, images, lifecycle, volumes};
use crate::report::{Report, Verdict, ensure, failed, skipped};

/// User data of the instance. It must be in no error and no document.
const USER_DATA: &str = "#!/bin/sh\n: user-data-secret\n";

/// Verbs that lead from `running` to another state, with the state and the verb that leads back.
const REVERSIBLE: [(Verb, &str, Verb); 4] = [
    (Verb::Stop, "stopped", Verb::Start),
    (Verb::Pause, "paused", Verb::Unpause),
    (Verb::Suspend, "suspended", Verb::Resume),
    (Verb::Shelve, "shelved", Verb::Unshelve),
];

pub(super) async fn run(runner: &Runner<'_>, report: &mut Report) {
    let of = Kind::Instance;
    if !runner.can(of, Verb::Create) {
        return;
    }
    let fixtures = runner.fixtures;
    let (Some(image), Some(instance_type)) = (&fixtures.image, &fixtures.instance_type) else {
        runner.record::<()>(report, of, "create succeeds", skipped("the fixtures have no image or type"));
        return;
    };
    let helpers = async {
        let mut named = vec![
            runner.known(Kind::Image, image).await?,
            runner.known(Kind::InstanceType, instance_type).await?,
        ];
        if let Some(network) = &fixtures.network {
            named.push(runner.known(Kind::Network, network).await?);
        }
        Ok(named)
    };
    let Some(named) = runner.record(report, of, "the image, type and network exist", helpers.await) else {
        return;
    };
    let mut command = json!({ "name": runner.name("instance"), "image": named[0].id, "instance_type": named[1].id,
        "networks": named.get(2).map(|network| network.id).into_iter().collect::<Vec<_>>(),
        "tags": { "role": "test" }, "user_data": USER_DATA });
    if let Some(datacenter) = &fixtures.datacenter {
        command["datacenter"] = json!(datacenter);
    }
    let refuses_absent_reference: Vec<_> = named.iter().collect();
    let Some(instance) = lifecycle::create(runner, report, of, command, &refuses_absent_reference).await
    else {
        return;
    };
    let touched = Touched::new(of, instance.native_key.as_str());
    runner.record(report, of, "user data is in no document", hides_user_data(runner, &touched).await);
    for verb in [Verb::Start, Verb::Unpause, Verb::Resume, Verb::Unshelve, Verb::ConfirmResize] {
        action::is_refused(runner, report, &touched, verb, Value::Null).await;
    }
    attachment(runner, report, &instance).await;
    console(runner, report, &touched).await;
    image_of(runner, report, &instance).await;
    for (away, state, back) in REVERSIBLE {
        act_to(runner, report, &touched, away, state).await;
        act_to(runner, report, &touched, back, "running").await;
    }
    if runner.can(of, Verb::Reboot) {
        for hard in [false, true] {
            let command = json!({ "hard": hard });
            action::act(runner, report, &touched, Verb::Reboot, command, &[], is_in("running")).await;
        }
    }
    for (verb, locked) in [(Verb::Lock, true), (Verb::Unlock, false)] {
        let is_locked = move |now: &Observed| now.fields["locked"] == locked;
        action::act(runner, report, &touched, verb, Value::Null, &[], is_locked).await;
    }
    resize(runner, report, &touched).await;
    let rebuilt = json!({ "image": named[0].id });
    action::act(runner, report, &touched, Verb::Rebuild, rebuilt, &[&named[0]], is_in("running")).await;
    lifecycle::delete(runner, report, &instance).await;
}

fn is_in(state: &str) -> impl Fn(&Observed) -> bool {
    move |now: &Observed| now.state == Some(state)
}

async fn act_to(runner: &Runner<'_>, report: &mut Report, touched: &Touched, verb: Verb, state: &str) {
    action::act(runner, report, touched, verb, Value::Null, &[], is_in(state)).await;
}

async fn hides_user_data(runner: &Runner<'_>, touched: &Touched) -> Verdict {
    let Some(observed) = runner.get(touched.kind, &touched.native_key).await? else {
        return failed("the instance does not exist");
    };
    let text = format!("{} {}", Value::Object(observed.document()), observed.raw);
    ensure(!text.contains("user-data-secret"), || "the document contains it".to_owned())
}

/// Attaches a volume to the instance and detaches it.
async fn attachment(runner: &Runner<'_>, report: &mut Report, instance: &Known) {
    let of = Kind::VolumeAttachment;
    if !runner.can(of, Verb::Create) || !runner.can(Kind::Volume, Verb::Create) {
        return;
    }
    let made = runner.create(Kind::Volume, volumes::empty(runner, "attached"), &[]).await;
    let Some(volume) = runner.record(report, of, "create of a volume to attach succeeds", made) else {
        return;
    };
    let touched = Touched::new(volume.kind, volume.native_key.as_str());
    let command = json!({ "volume": volume.id, "instance": instance.id });
    if let Some(attachment) = lifecycle::create(runner, report, of, command, &[&volume, instance]).await {
        let in_use = runner.until("the state in_use", &touched, is_in("in_use")).await;
        runner.record(report, volume.kind, "an attached volume is in use", in_use);
        runner.record(
            report,
            volume.kind,
            "delete of an attached volume is refused",
            deletion_is_refused(runner, &touched).await,
        );
        lifecycle::delete(runner, report, &attachment).await;
        let free = runner.until("the state available", &touched, is_in("available")).await;
        runner.record(report, volume.kind, "a detached volume is available", free);
    }
    let until_absent = runner.delete(volume.kind, &volume.native_key).await;
    runner.record(report, volume.kind, "delete of a detached volume succeeds", until_absent);
}

async fn deletion_is_refused(runner: &Runner<'_>, touched: &Touched) -> Verdict {
    let target = runner.known(touched.kind, &touched.native_key).await?;
    let task = runner.task(touched.kind, Verb::Delete, Value::Null, Some(&target), &[])?;
    match runner.act(&task).await {
        Ok(done) => failed(format!("it was deleted: {done:?}")),
        Err(error) => is_refusal(&error),
    }
}

async fn console(runner: &Runner<'_>, report: &mut Report, touched: &Touched) {
    let any = |_: &Observed| true;
    let done = action::act(runner, report, touched, Verb::ConsoleOutput, Value::Null, &[], any).await;
    if let Some(done) = done {
        let is_text = matches!(done.answer, Some(OneTimeOutput::ConsoleOutput(_)));
        let verdict = ensure(is_text, || format!("the one-time output is {:?}", done.answer));
        runner.record(report, touched.kind, "console_output returns text", verdict);
    }
}

/// Creates an image of the instance and checks its marker.
async fn image_of(runner: &Runner<'_>, report: &mut Report, instance: &Known) {
    if !runner.can(instance.kind, Verb::CreateImage) {
        return;
    }
    let command = json!({ "name": runner.name("of-instance"), "tags": { "role": "test" } });
    let command =
        without_unsupported(runner, report, (instance.kind, Verb::CreateImage), command, Some(instance), &[]);
    let made = async {
        let wanted = command["tags"].clone();
        let task = runner.task(instance.kind, Verb::CreateImage, command, Some(instance), &[])?;
        let done = runner.act(&task).await?;
        let Some(image) = done.touched.first() else { return failed("create_image touched no resource") };
        ensure(image.kind == Kind::Image, || format!("the first touched resource is a {}", image.kind))?;
        let shown = runner.until("the state available", image, is_in("available")).await?;
        let found = runner.session.find(&runner.fixtures.region, &task.step()).await?;
        ensure(found.as_ref() == Some(image), || format!("find returned {found:?}, create_image {image:?}"))?;
        ensure(lifecycle::has_tags(&shown, &wanted), || format!("its tags are {:?}", shown.tags))?;
        Ok(runner.to_known(&shown))
    };
    let what = "create_image creates an image that find returns";
    let Some(image) = runner.record(report, instance.kind, what, made.await) else { return };
    images::share(runner, report, &image).await;
    lifecycle::delete(runner, report, &image).await;
}

/// Resizes the instance: reverts once and confirms twice, if the cloud asks for that.
async fn resize(runner: &Runner<'_>, report: &mut Report, touched: &Touched) {
    let Some(can) = runner.capability().can(touched.kind, Verb::Resize) else { return };
    let fixtures = runner.fixtures;
    let (Some(first), Some(other)) = (&fixtures.instance_type, &fixtures.resize_type) else {
        runner.record::<()>(
            report,
            touched.kind,
            "resize has its effect",
            skipped("the fixtures have no type to resize to"),
        );
        return;
    };
    let types = async {
        let of = Kind::InstanceType;
        Ok([runner.known(of, other).await?, runner.known(of, first).await?])
    };
    let Some([other, first]) =
        runner.record(report, touched.kind, "the types of the resize exist", types.await)
    else {
        return;
    };
    let from_stopped = !matches!(can.only, When::Always) && !can.only.takes(Some("running"));
    if from_stopped {
        act_to(runner, report, touched, Verb::Stop, "stopped").await;
    }
    let is_confirmed = runner.can(touched.kind, Verb::ConfirmResize);
    let rounds = [
        (&other, Verb::RevertResize, &first),
        (&other, Verb::ConfirmResize, &other),
        (&first, Verb::ConfirmResize, &first),
    ];
    for (wanted, delete, then) in rounds {
        if !is_confirmed && delete == Verb::RevertResize {
            continue;
        }
        let is_of = |now: &Observed, of: &Known| now.fields["instance_type"]["name"] == of.name.as_str();
        let is_new = |now: &Observed| {
            is_of(now, wanted) && !now.is_transitional() && (!is_confirmed || now.state == Some("resized"))
        };
        let command = json!({ "instance_type": wanted.id });
        action::act(runner, report, touched, Verb::Resize, command, &[wanted], is_new).await;
        let is_ended = |now: &Observed| is_of(now, then) && now.state == Some("running");
        action::act(runner, report, touched, delete, Value::Null, &[], is_ended).await;
    }
    if from_stopped {
        act_to(runner, report, touched, Verb::Start, "running").await;
    }
}
