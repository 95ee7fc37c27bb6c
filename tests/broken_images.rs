//! Does a broken file of images end in an error that names it, at the cost of little memory?

use std::alloc::System;
use std::fs;
use std::io::Write;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use autograd::{Array, Real};
use flate2::Compression;
use flate2::write::GzEncoder;
use lab::{Checkpoint, Error, Images, Progress, Split, save_checkpoint};
use layers::{State, StateError, Stateful};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// One test at a time, so that each counts its own memory.
fn alone() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What a call returns, and how many bytes it has ever asked for: at least as many as it held at
/// once.
fn counted<T>(call: impl FnOnce() -> T) -> (T, usize) {
    let region = Region::new(ALLOCATOR);
    let result = call();
    (result, region.change().bytes_allocated)
}

/// The names and the bytes of some files.
type Files = Vec<(&'static str, Vec<u8>)>;

fn write(folder: &Path, files: &Files) {
    for (name, bytes) in files {
        let path = folder.join(name);
        fs::create_dir_all(path.parent().expect("it is in a folder")).expect("a folder");
        fs::write(path, bytes).expect("a file");
    }
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).expect("it is packed");
    encoder.finish().expect("it is packed")
}

/// An IDX file of this type, of these sizes and so many bytes.
fn idx(kind: u8, sizes: &[u32], len: usize) -> Vec<u8> {
    let mut bytes = vec![0, 0, kind, sizes.len() as u8];
    bytes.extend(sizes.iter().flat_map(|size| size.to_be_bytes()));
    bytes.extend((0..len).map(|i| (i % 10) as u8));
    bytes
}

const IMAGES: &str = "train-images-idx3-ubyte";
const LABELS: &str = "train-labels-idx1-ubyte";

/// Three images of 2 x 4, and their labels.
fn images() -> Vec<u8> {
    idx(8, &[3, 2, 4], 24)
}

fn labels() -> Vec<u8> {
    idx(8, &[3], 3)
}

/// One CIFAR-10 record for each label.
fn cifar(labels: &[u8]) -> Vec<u8> {
    labels.iter().flat_map(|label| [vec![*label], vec![7; 3072]].concat()).collect()
}

fn png(width: u32, height: u32, colour: png::ColorType, data: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, width, height);
    encoder.set_color(colour);
    encoder.set_depth(png::BitDepth::Eight);
    let mut writer = encoder.write_header().expect("a header");
    writer.write_image_data(data).expect("the picture");
    drop(writer);
    bytes
}

fn grey(width: u32, height: u32) -> Vec<u8> {
    let data: Vec<u8> = (0..width * height).map(|i| (37 * i) as u8).collect();
    png(width, height, png::ColorType::Grayscale, &data)
}

/// A PNG file whose header, with a valid checksum, has other numbers from this byte on.
fn with_header(mut png: Vec<u8>, at: usize, numbers: &[u8]) -> Vec<u8> {
    // Signature 8, length 4, "IHDR" 4, thirteen bytes of header, checksum.
    png[16 + at..][..numbers.len()].copy_from_slice(numbers);
    let mut crc = flate2::Crc::new();
    crc.update(&png[12..29]);
    png[29..33].copy_from_slice(&crc.sum().to_be_bytes());
    png
}

fn digit_line(label: &str) -> String {
    format!("{},{label}\n", ["3"; 64].join(","))
}

/// What is wrong, the files, what is loaded, and what the error says.
fn broken() -> Vec<(&'static str, Files, &'static str, &'static str)> {
    let mut cases: Vec<(&'static str, Files, &'static str, &'static str)> = Vec::new();

    let fetch = "Fetch the file again";
    let broken_images = [
        ("no bytes", vec![], "only 0 bytes"),
        ("three bytes", vec![0, 0, 8], "only 3 bytes, its header alone has 4"),
        ("a header cut short", images()[..15].to_vec(), "only 15 bytes, its header alone has 16"),
        (
            "another magic",
            [&[1, 0, 8, 3], &images()[4..]].concat(),
            "it begins with [01, 00, 08, 03]",
        ),
        ("least significant first", [&[3, 8, 0, 0], &images()[4..]].concat(), "not an IDX file"),
        ("text", b"<html>not found</html>".to_vec(), "not an IDX file"),
        ("an unknown type", idx(7, &[3, 2, 4], 24), "not an IDX file"),
        ("floats", idx(13, &[3, 2, 4], 96), "type 0x0d, only bytes, type 0x08"),
        ("no axes", idx(8, &[], 24), "it has 0 axes, not one of [3, 4]"),
        ("255 axes", idx(8, &[1; 255], 24), "it has 255 axes, not one of [3, 4]"),
        ("labels for images", labels(), "it has 1 axes, not one of [3, 4]"),
        ("more images than bytes", idx(8, &[4, 2, 4], 24), "says [4, 2, 4], but 24 bytes follow"),
        ("fewer images than bytes", idx(8, &[2, 2, 4], 24), "says [2, 2, 4], but 24 bytes follow"),
        ("a byte too many", idx(8, &[3, 2, 4], 25), "but 25 bytes follow"),
        ("a byte too few", idx(8, &[3, 2, 4], 23), "but 23 bytes follow"),
        ("no images", idx(8, &[0, 28, 28], 0), "sizes [0, 28, 28] leave nothing to read"),
        ("images without width", idx(8, &[3, 28, 0], 0), "leave nothing to read"),
        ("a product above 2^64", idx(8, &[u32::MAX; 3], 24), "[4294967295, 4294967295"),
        // 2^32 and 2^64 are 0 when they wrap.
        ("a product of 2^32", idx(8, &[1 << 16, 1 << 8, 1 << 8], 0), "but 0 bytes follow"),
        ("a product of 2^64", idx(8, &[1 << 31, 1 << 31, 4], 0), "but 0 bytes follow"),
        ("four gigabytes", idx(8, &[1, 1 << 16, 1 << 16], 24), "but 24 bytes follow"),
        ("axes without channels", idx(8, &[1, 2, 2, 6], 24), "1 or 3 channels"),
        ("packed under a plain name", gzip(&images()), "Put `.gz` behind its name"),
    ];
    for (what, bytes, expected) in broken_images {
        cases.push((what, vec![(IMAGES, bytes), (LABELS, labels())], "", expected));
    }

    let broken_labels = [
        (
            "a label above 9",
            [&labels()[..9], &[10, 2][..]].concat(),
            "label 10 of image 1 is above 9",
        ),
        ("too few labels", idx(8, &[2], 2), "2 labels for 3 images"),
        ("too many labels", idx(8, &[4], 4), "4 labels for 3 images"),
        ("images for labels", images(), "it has 3 axes, not one of [1]"),
        ("labels cut short", idx(8, &[3], 2), "says [3], but 2 bytes follow"),
    ];
    for (what, bytes, expected) in broken_labels {
        cases.push((what, vec![(IMAGES, images()), (LABELS, bytes)], "", expected));
    }
    cases.push(("labels missing", vec![(IMAGES, images())], "", "cannot read"));

    let packed = gzip(&images());
    let changed = |at: usize| {
        let mut bytes = packed.clone();
        let at = if at > 100 { bytes.len() - (usize::MAX - at) - 1 } else { at };
        bytes[at] ^= 0x55;
        bytes
    };
    let bomb = || {
        let header = idx(8, &[50_000, 28, 28], 0);
        gzip(&[header, vec![0; 50_000 * 784]].concat())
    };
    let lying_bomb = || gzip(&[images(), vec![0; 40 << 20]].concat());
    let broken_packed = [
        ("plain under a packed name", images(), "take `.gz` off its name"),
        ("nothing under a packed name", vec![], "not a gzip file"),
        ("packed data cut short", packed[..packed.len() - 1].to_vec(), fetch),
        ("packed data without a tail", packed[..packed.len() - 8].to_vec(), fetch),
        ("packed data cut in the header", packed[..7].to_vec(), fetch),
        ("an unknown method", changed(2), fetch),
        ("a changed checksum", changed(usize::MAX - 7), fetch),
        ("a changed length", changed(usize::MAX - 1), fetch),
        (
            "two packed members",
            [&packed[..], &packed[..]].concat(),
            "follow the end of the gzip data",
        ),
        ("a byte behind the packed data", [&packed[..], b"x"].concat(), "1 bytes follow the end"),
        ("packed data twice", gzip(&packed), "not an IDX file"),
        ("a bomb", bomb(), "unpack it with gunzip"),
        ("a bomb behind a good header", lying_bomb(), "unpack it with gunzip"),
        ("packed images cut short", gzip(&images()[..30]), "but 14 bytes follow"),
    ];
    for (what, bytes, expected) in broken_packed {
        let files = vec![("train-images-idx3-ubyte.gz", bytes), (LABELS, labels())];
        cases.push((what, files, "", expected));
    }

    let batches = |last: Vec<u8>| -> Files {
        let names =
            ["data_batch_1.bin", "data_batch_2.bin", "data_batch_3.bin", "data_batch_4.bin"];
        let good = names.map(|name| (name, cifar(&[1, 2])));
        good.into_iter().chain([("data_batch_5.bin", last)]).collect()
    };
    let fifth = [
        ("a record cut short", cifar(&[3, 4])[..6000].to_vec(), "6000 bytes are no whole number"),
        ("a byte behind the records", [cifar(&[3]), vec![0]].concat(), "3074 bytes are no whole"),
        ("no records", vec![], "0 bytes are no whole number"),
        ("a CIFAR label above 9", cifar(&[3, 10]), "label 10 of image 1 is above 9"),
        ("packed records", gzip(&cifar(&[3])), "Put `.gz` behind its name"),
    ];
    for (what, bytes, expected) in fifth {
        cases.push((what, batches(bytes), "", expected));
    }
    let mut missing = batches(cifar(&[0]));
    missing.remove(2);
    cases.push(("a missing batch", missing, "", "data_batch_3.bin"));

    let cut = |by: usize| {
        let whole = grey(4, 2);
        whole[..whole.len() - by].to_vec()
    };
    let mut flipped = grey(4, 2);
    flipped[45] ^= 1;
    let bits = |colour, depth| with_header(grey(4, 2), 8, &[depth, colour]);
    let side = |side: u32| side.to_be_bytes();
    let pictures = [
        ("an empty picture", vec![], "not a whole PNG file"),
        ("a picture that is text", b"not found".to_vec(), "not a whole PNG file"),
        ("a picture cut short", cut(20), "not a whole PNG file"),
        ("a picture without its last chunk", cut(12), "not a whole PNG file"),
        ("a picture with a changed bit", flipped, "not a whole PNG file"),
        ("a picture of no width", with_header(grey(4, 2), 0, &side(0)), "not a whole PNG file"),
        ("a picture of 2^31 columns", with_header(grey(4, 2), 0, &side(1 << 31)), "are more than"),
        ("a picture of 2^30 columns", with_header(grey(4, 2), 0, &side(1 << 30)), "are more than"),
        ("grey of three bits", bits(0, 3), "not a whole PNG file"),
        ("an unknown colour type", bits(5, 8), "not a whole PNG file"),
        ("a palette that is missing", bits(3, 8), "PNG"),
        (
            "another size than the first",
            grey(2, 4),
            "[4, 2] pixels, the first picture of the folder",
        ),
        ("a second of 2^22 pixels", grey(4096, 1024), "Ask for one size"),
    ];
    for (what, bytes, expected) in pictures {
        cases.push((what, vec![("a.png", grey(4, 2)), ("b.png", bytes)], "", expected));
    }
    let higher = with_header(grey(4, 2), 4, &side(3));
    cases.push(("a picture higher than its data", vec![("a.png", higher)], "", "PNG"));
    let large = png(3000, 3000, png::ColorType::Grayscale, &vec![0; 9_000_000]);
    cases.push(("a picture of 9 million pixels", vec![("a.png", large)], "", "Make the picture"));
    let blank = png(2000, 2000, png::ColorType::Grayscale, &vec![255; 4_000_000]);
    let names = ["a.png", "b.png", "c.png", "d.png", "e.png", "f.png"];
    let bomb = names.map(|name| (name, blank.clone())).to_vec();
    cases.push(("pictures of nothing", bomb, "", "as no set of images does"));

    let tables = [
        ("an empty table", String::new(), "line 1"),
        ("an empty line", digit_line("1") + "\n" + &digit_line("2"), "line 2: not whole numbers"),
        ("a missing pixel", digit_line("1") + &digit_line("1")[2..], "line 2: not 64 pixels"),
        ("a number too many", digit_line("1,1"), "line 1: not 64 pixels and a label"),
        (
            "a table's label above 9",
            digit_line("10"),
            "line 1: a pixel above 16 or a label above 9",
        ),
        ("a pixel above 16", digit_line("1").replacen('3', "17", 1), "line 1: a pixel above 16"),
        (
            "a number above 255",
            digit_line("1").replacen('3', "256", 1),
            "line 1: not whole numbers",
        ),
        ("a sign", digit_line("+1"), "line 1: not whole numbers"),
        ("a fraction", digit_line("1.0"), "line 1: not whole numbers"),
        ("a missing number", digit_line(""), "line 1: not whole numbers"),
        ("a header line", "a,b\n".to_owned() + &digit_line("1"), "line 1: not whole numbers"),
    ];
    for (what, text, expected) in tables {
        cases.push((what, vec![("digits.csv", text.into_bytes())], "digits.csv", expected));
    }
    let packed = gzip(digit_line("1").as_bytes());
    let cut = vec![("digits.csv.gz", packed[..packed.len() - 3].to_vec())];
    cases.push(("a packed table cut short", cut, "digits.csv.gz", fetch));

    cases.push(("an empty folder", vec![], "", "holds no images"));
    cases.push(("other files", vec![("a.txt", b"text".to_vec())], "", "holds no images"));
    cases.push((
        "a file of another kind",
        vec![("a.txt", b"text".to_vec())],
        "a.txt",
        "holds no images",
    ));
    cases.push(("a missing file", vec![], "digits.csv", "cannot read"));
    cases.push(("a missing folder", vec![], "mnist", "cannot read"));
    cases.push((
        "a folder for a file",
        vec![("digits.csv/a.txt", vec![])],
        "digits.csv",
        "holds no",
    ));
    cases
}

#[test]
fn every_broken_file_is_an_error_that_costs_little_memory() {
    let _alone = alone();
    let cases = broken();
    println!("{} broken files", cases.len());
    let mut wrong = Vec::new();
    for (what, files, path, expected) in cases {
        let folder = tempfile::tempdir().expect("a folder");
        write(folder.path(), &files);
        let size: usize = files.iter().map(|(_, bytes)| bytes.len()).sum();
        let (result, taken) = counted(|| Images::load(folder.path().join(path), Split::Train));
        if taken > size + (16 << 20) {
            wrong.push(format!("{what}: {taken} bytes for a file of {size}"));
        }
        let named = folder.path().to_str().expect("Unicode");
        match result {
            Err(why) if why.to_string().contains(expected) && why.to_string().contains(named) => (),
            other => wrong.push(format!("{what}: {other:?}")),
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Files of some megabytes that are broken at their ends, what is loaded, what the error says, and
/// how many times their size they may cost: a table's numbers are sixteenths, CIFAR's planes move.
fn large() -> Vec<(Files, &'static str, &'static str, f64)> {
    let count = 3000;
    let images = || idx(8, &[count, 28, 28], 784 * count as usize);
    let mut cut = images();
    cut.pop();
    let records = || cifar(&[9; 300]);
    let names = ["data_batch_1.bin", "data_batch_2.bin", "data_batch_3.bin", "data_batch_4.bin"];
    let mut batches: Files = names.map(|name| (name, records())).to_vec();
    batches.push(("data_batch_5.bin", [records(), cifar(&[10])].concat()));
    // Stored, not packed, so that it is as large as its contents.
    let mut stored = GzEncoder::new(Vec::new(), Compression::none());
    stored.write_all(&images()).expect("it is stored");
    let mut stored = stored.finish().expect("it is stored");
    *stored.last_mut().expect("it has a tail") ^= 1;
    let table = digit_line("1").repeat(20_000) + &digit_line("10");
    vec![
        (vec![(IMAGES, cut), (LABELS, labels())], "", "but 2351999 bytes follow", 1.0),
        (vec![(IMAGES, images()), (LABELS, labels())], "", "3 labels for 3000 images", 1.0),
        (
            vec![("train-images-idx3-ubyte.gz", stored), (LABELS, labels())],
            "",
            "Fetch the file",
            1.0,
        ),
        (batches, "", "label 10 of image 300 is above 9", 2.7),
        (vec![("digits.csv", table.into_bytes())], "digits.csv", "line 20001", 3.0),
    ]
}

/// What is needed beside a large file.
const LITTLE: f64 = 300e3;

#[test]
fn a_large_file_that_is_broken_at_its_end_costs_no_more() {
    let _alone = alone();
    for (files, path, expected, times) in large() {
        let folder = tempfile::tempdir().expect("a folder");
        write(folder.path(), &files);
        let size: usize = files.iter().map(|(_, bytes)| bytes.len()).sum();
        drop(files);
        let (result, taken) = counted(|| Images::load(folder.path().join(path), Split::Train));
        let why = result.expect_err(expected).to_string();
        assert!(why.contains(expected), "{why}");
        println!("{:.2} times the size: {expected}", taken as f64 / size as f64);
        let most = times * size as f64 + LITTLE;
        assert!(taken as f64 <= most, "{taken} bytes for {size}: {why}");
    }
}

/// The numbers of a run.
struct Numbers(Array);

impl Stateful for Numbers {
    fn put(&self, state: &mut State<'_>) {
        state.put("numbers", &self.0);
    }

    fn take(&mut self, state: &mut State<'_>) -> Result<(), StateError> {
        self.0 = state.take("numbers", *self.0.shape())?;
        Ok(())
    }
}

#[test]
fn a_large_broken_checkpoint_costs_no_more() {
    let _alone = alone();
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("a.safetensors");
    let run = Numbers(Array::full([1_000_000], 0.5));
    let progress = Progress { step: 1, metrics_bytes: 0 };
    save_checkpoint(&path, progress, &(), &run).expect("it is saved");
    let sound = fs::read(&path).expect("the file");
    let mut infinite = sound.clone();
    infinite.truncate(sound.len() - size_of::<Real>());
    infinite.extend(Real::INFINITY.to_le_bytes());
    let other = [&sound[..8], b"[", &sound[9..]].concat();
    for (bytes, expected, times) in [
        (&sound[..sound.len() - 1], "not a whole safetensors file", 1.0),
        (&other, "not a whole safetensors file", 1.0),
        (&infinite, "tensor `numbers` holds a number that is not finite", 3.1),
    ] {
        fs::write(&path, bytes).expect("a file");
        let mut run = Numbers(Array::full([1_000_000], 0.0));
        let read = || Checkpoint::read(&path).and_then(|it| it.restore_part(&mut run));
        let (result, taken) = counted(read);
        let why = result.expect_err(expected).to_string();
        assert!(why.contains(expected), "{why}");
        println!("{:.2} times the size: {why}", taken as f64 / sound.len() as f64);
        let most = times * sound.len() as f64 + LITTLE;
        assert!(taken as f64 <= most, "{taken} bytes: {why}");
    }
}

/// Sound data in every format, with what is loaded.
fn sound() -> Vec<(Files, &'static str)> {
    let cifar_files = (1..=5).map(|i| {
        let name = ["data_batch_1.bin.gz", "data_batch_2.bin", "data_batch_3.bin"];
        let name =
            name.get(i - 1).copied().unwrap_or(["data_batch_4.bin", "data_batch_5.bin"][i / 5]);
        let bytes = cifar(&[i as u8]);
        (name, if i == 1 { gzip(&bytes) } else { bytes })
    });
    vec![
        (vec![(IMAGES, images()), (LABELS, labels())], ""),
        (vec![("train-images-idx3-ubyte.gz", gzip(&images())), (LABELS, labels())], ""),
        (vec![("emoji-idx4-ubyte.gz", gzip(&idx(8, &[2, 3, 2, 2], 24)))], "emoji-idx4-ubyte.gz"),
        (cifar_files.collect(), ""),
        (vec![("a.png", grey(4, 2)), ("b.png", grey(4, 2))], ""),
        (vec![("digits.csv", (digit_line("1") + &digit_line("2")).into_bytes())], "digits.csv"),
        (vec![("digits.csv.gz", gzip(digit_line("1").as_bytes()))], "digits.csv.gz"),
    ]
}

#[test]
fn a_file_cut_anywhere_is_an_error() {
    let _alone = alone();
    for (files, path) in sound() {
        let folder = tempfile::tempdir().expect("a folder");
        write(folder.path(), &files);
        let load = || Images::load(folder.path().join(path), Split::Train);
        let whole = load().unwrap_or_else(|why| panic!("{}: {why}", files[0].0));
        for (name, bytes) in &files {
            // Every length of a small file, some of a large one.
            for len in (0..bytes.len()).step_by(1 + bytes.len() / 400) {
                fs::write(folder.path().join(name), &bytes[..len]).expect("a file");
                match load() {
                    Err(Error::Malformed { path, .. }) => assert!(path.ends_with(name), "{path:?}"),
                    Err(why) => panic!("{name}, {len} bytes: {why}"),
                    // A table may lack its last line break, or end with any line.
                    Ok(_) if name.ends_with(".csv") && bytes[len] == b'\n' => (),
                    Ok(_) if name.ends_with(".csv") && len > 0 && bytes[len - 1] == b'\n' => (),
                    Ok(_) => panic!("{len} bytes of {name} are read"),
                }
            }
            fs::write(folder.path().join(name), bytes).expect("a file");
        }
        assert_eq!(load().expect("it is whole again").len(), whole.len());
    }
}

#[test]
fn every_format_is_read_as_it_is() {
    let _alone = alone();
    let folder = tempfile::tempdir().expect("a folder");
    let [root, load] = [folder.path(); 2];
    let load = |name: &str| Images::load(load.join(name), Split::Train).expect(name);
    let put = |place: &str, files: Files| write(&root.join(place), &files);

    put("idx", vec![(IMAGES, images()), ("train-labels-idx1-ubyte.gz", gzip(&labels()))]);
    let read = load("idx");
    assert_eq!((read.len(), read.shape(), read.labels()), (3, [2, 4, 1], Some(&[0, 1, 2][..])));
    assert_eq!(read.pixels(1), [8, 9, 0, 1, 2, 3, 4, 5]);

    // Channels first become channels last; a shape of channels last stays.
    put(
        "",
        vec![
            ("a-idx4-ubyte", idx(8, &[2, 3, 2, 2], 24)),
            ("b-idx4-ubyte", idx(8, &[2, 2, 2, 3], 24)),
        ],
    );
    assert_eq!(load("a-idx4-ubyte").pixels(0), [0, 4, 8, 1, 5, 9, 2, 6, 0, 3, 7, 1]);
    assert_eq!(load("b-idx4-ubyte").pixels(0)[..4], [0, 1, 2, 3]);
    assert_eq!(load("a-idx4-ubyte").labels(), None);

    let record: Vec<u8> = [vec![6], vec![1; 1024], vec![2; 1024], vec![3; 1024]].concat();
    put("cifar", vec![("test_batch.bin", [record, cifar(&[9])].concat())]);
    let read = Images::load(root.join("cifar"), Split::Test).expect("a batch");
    assert_eq!((read.shape(), read.labels()), ([32, 32, 3], Some(&[6, 9][..])));
    assert_eq!((&read.pixels(0)[..6], read.pixels(1)[0]), (&[1, 2, 3, 1, 2, 3][..], 7));

    let rgba = png(1, 1, png::ColorType::Rgba, &[10, 20, 30, 51]);
    let rgb = png(1, 1, png::ColorType::Rgb, &[10, 20, 30]);
    let one = png(1, 1, png::ColorType::Grayscale, &[99]);
    let names = ["zero/a.png", "zero/b.PNG", "one/c.png"];
    let files = names.into_iter().zip([rgba, rgb, one]);
    put("classes", files.collect());
    let read = load("classes");
    // In the order of the names: one, then zero.
    assert_eq!((read.shape(), read.labels()), ([1, 1, 3], Some(&[0, 1, 1][..])));
    assert_eq!([read.pixels(0), read.pixels(2)], [[99, 99, 99], [10, 20, 30]]);
    // A fifth of the colour over white: 0.2 * 10 + 0.8 * 255 = 206.
    assert_eq!(read.pixels(1), [206, 208, 210]);

    put("parts/train", vec![("a.png", grey(4, 2)), ("b.png", grey(2, 2))]);
    put("parts/test", vec![("c.png", grey(4, 4))]);
    let resized =
        |split| Images::load_resized(root.join("parts"), split, [2, 2]).expect("pictures");
    let (train, test) = (resized(Split::Train), resized(Split::Test));
    assert_eq!((train.len(), test.len(), test.shape()), (2, 1, [2, 2, 1]));
    // Pixels 37 i: those of the first row are 0, 37, 74, 111.
    assert_eq!(train.pixels(0)[..2], [19, 93]);
    assert_eq!(train.pixels(1), [0, 37, 74, 111]);
}

#[test]
fn data_in_one_piece_have_no_test_part() {
    let _alone = alone();
    let folder = tempfile::tempdir().expect("a folder");
    write(
        folder.path(),
        &vec![("a.png", grey(2, 2)), ("digits.csv", digit_line("1").into_bytes())],
    );
    for path in ["", "digits.csv"] {
        let error = Images::load(folder.path().join(path), Split::Test).expect_err("one piece");
        assert!(error.to_string().contains("comes in one piece"), "{error}");
    }
}

#[cfg(unix)]
#[test]
fn what_has_no_end_is_not_read() {
    let _alone = alone();
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("digits.csv");
    std::os::unix::fs::symlink("/dev/zero", &path).expect("a link");
    let error = Images::load(&path, Split::Train).expect_err("it has no end");
    assert!(error.to_string().contains("cannot read"), "{error}");
}
