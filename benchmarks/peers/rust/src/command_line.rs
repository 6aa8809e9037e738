use std::process::exit;
use std::sync::Mutex;
use std::time::Duration;

/// What a contender prints.
pub struct Outcome {
    pub value: f64,
    pub unit: &'static str,
    pub operations: u64,
    /// The 99th and 99.9th percentile, of latencies.
    pub percentiles: Option<(f64, f64)>,
}

/// One that a contender can play.
pub struct Scenario {
    name: String,
    play: Box<dyn Fn(Duration) -> Outcome>,
}

pub fn one(name: &str, play: impl Fn(Duration) -> Outcome + 'static) -> Vec<Scenario> {
    vec![Scenario { name: name.to_string(), play: Box::new(play) }]
}

/// A scenario of every number.
pub fn each(name: &str, numbers: &[usize], play: fn(usize, Duration) -> Outcome) -> Vec<Scenario> {
    let scenario = |&number| one(&format!("{name}/{number}"), move |time| play(number, time));
    numbers.iter().flat_map(scenario).collect()
}

/// The main function of a contender.
pub fn main(contender: &str, scenarios: Vec<Vec<Scenario>>) {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let (name, time) = match arguments[..] {
        ["--scenarios"] => {
            scenarios.iter().flatten().for_each(|scenario| println!("{}", scenario.name));
            return;
        }
        [name] => (name, Duration::from_millis(300)),
        [name, "--seconds", seconds] => match seconds.parse() {
            Ok(seconds) if seconds > 0.0 && seconds <= 3600.0 => (name, Duration::from_secs_f64(seconds)),
            _ => refuse(contender, "SECONDS is a number above 0"),
        },
        _ => refuse(contender, "wrong arguments"),
    };
    let scenario = match scenarios.iter().flatten().find(|scenario| scenario.name == name) {
        Some(scenario) => scenario,
        None => refuse(contender, &format!("does not know the scenario {name:?}")),
    };
    *PLAYING.lock().unwrap() = format!("{contender} {name}");
    std::thread::spawn(move || {
        let limit = Duration::from_secs(60) + 20 * time;
        std::thread::sleep(limit);
        fail(&format!("not done after {limit:?}: was a value lost?"));
    });
    let Outcome { value, unit, operations, percentiles } = (scenario.play)(time);
    let percentiles = match percentiles {
        Some((p99, p999)) => format!(r#", "p99": {p99:.2}, "p999": {p999:.2}"#),
        None => String::new(),
    };
    println!(
        r#"{{"scenario": "{name}", "value": {value:.2}{percentiles}, "unit": "{unit}", "operations": {operations}}}"#
    );
}

fn refuse(contender: &str, what: &str) -> ! {
    eprintln!("{contender}: {what}\nusage: {contender} --scenarios\n       {contender} SCENARIO [--seconds SECONDS]");
    exit(2);
}

/// For messages.
static PLAYING: Mutex<String> = Mutex::new(String::new());

/// Ends the program: the contender gave a wrong answer.
#[cold]
pub fn fail(what: &str) -> ! {
    eprintln!("{}: {what}", PLAYING.lock().unwrap());
    exit(1);
}

/// Fails unless `value` is the expected one, which it advances.
#[inline]
pub fn expect(value: u64, expected: &mut u64) {
    if value != *expected {
        fail(&format!("received {value}, expected {expected}"));
    }
    *expected += 1;
}
