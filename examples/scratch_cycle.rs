//! scratch
use lab::Judge;
use lab::systems::cyclegan::*;
use lab::training::System;
fn main() {
    let arg = |i: usize, d: u64| std::env::args().nth(i).map_or(d, |a| a.parse().unwrap());
    let (steps, batch, width, blocks) =
        (arg(1, 300), arg(2, 4) as usize, arg(3, 16) as usize, arg(4, 2) as usize);
    let Digits { a, b, held_out } = Digits::embedded();
    let sizes = Sizes { side: 28, channels: 1, width, blocks };
    let mut s = CycleGan::new(sizes, [a, b], batch, steps, arg(5, 0));
    let judge = Judge::embedded();
    let name = format!("/tmp/cyc-{steps}-{batch}-{width}-{blocks}");
    autograd::in_pool(move || { let s = &mut s;
        for i in 0..steps {
            let n = s.step();
            if i % (steps / 8) == 0 || i + 1 == steps {
                println!("{i} {n:?}");
                println!("{}", measure(s.generators(), judge.net(), &held_out.take(0..200)));
                lab::figures::save_png(&s.picture(), format!("{name}-{i:05}.png")).unwrap();
            }
        }
        println!("{}", measure(s.generators(), judge.net(), &held_out));
    });
}
