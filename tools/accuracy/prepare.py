#!/usr/bin/env python3
"""Makes the calibration and evaluation sets of docs/accuracy.md from a data pack.

    pip install numpy pillow
    python3 tools/accuracy/prepare.py ../shared/data OUT

For every network of the pack OUT gets NAME.calib.npz and NAME.eval.npz with
arrays x (float32, NCHW) and, where labels exist, y. The sets are those that the
pack's own figures of other quantizers were measured on:

    ImageNet networks   calibrate on every fifth picture, evaluate on the others
    fmnist_*            the first 200 training images; all 5 000 test images
    lenet_mnist         the first 200 of the 5 000; the rest
    ppocr               text lines rendered from the class names, every second one
                        turned by 180 degrees
    mini_xception       grey centre crops of the ImageNet pictures
    ultraface, fastestdet   every fifth picture; those at 2 mod 5
    wavenet             the test signal and pieces of the spoken words; the test signal
"""
import csv, gzip, os, sys
import numpy as np
from PIL import Image, ImageDraw, ImageFont


def idx(path):
    b = gzip.open(path).read()
    dims = [int.from_bytes(b[4 + 4 * i:8 + 4 * i], "big") for i in range(b[3])]
    return np.frombuffer(b, np.uint8, offset=4 + 4 * len(dims)).reshape(dims)


def save(out, name, calib, ev, y=None):
    np.savez(os.path.join(out, name + ".calib.npz"), x=calib.astype(np.float32))
    arrays = {"x": ev.astype(np.float32)}
    if y is not None:
        arrays["y"] = np.asarray(y, np.int32)
    np.savez(os.path.join(out, name + ".eval.npz"), **arrays)
    print(f"{name}: {len(calib)} to calibrate, {len(ev)} to evaluate")


def planes(img):
    return np.asarray(img, np.float32).transpose(2, 0, 1)


def main(data, out):
    os.makedirs(out, exist_ok=True)
    rows = list(csv.DictReader(open(f"{data}/images/imagenet_dev.csv")))
    imgs = [Image.open(f"{data}/images/imagenet_dev/{r['file']}").convert("RGB") for r in rows]
    label = np.array([int(r["class_index"]) for r in rows])
    cal = np.arange(len(imgs)) % 5 == 0
    two = np.arange(len(imgs)) % 5 == 2

    crop = np.stack([planes(im.crop(((im.width - 224) // 2, (im.height - 224) // 2,
                                     (im.width - 224) // 2 + 224, (im.height - 224) // 2 + 224))) for im in imgs])
    x = (crop - 127.5) / 127.5
    save(out, "mobilenet_v2_1.0_224", x[cal], x[~cal], label[~cal] + 1)
    mean, std = (np.array(v, np.float32).reshape(3, 1, 1) for v in ([.485, .456, .406], [.229, .224, .225]))
    x = (crop / 255 - mean) / std
    save(out, "squeezenet1.1", x[cal], x[~cal], label[~cal])
    x = crop / 255
    save(out, "darknet_tiny", x[cal], x[~cal], label[~cal])

    def norm(a):
        return ((a.astype(np.float32) / 255 - 0.5) / 0.5)[:, None]

    f = f"{data}/images/fashion_mnist/"
    tr, te = idx(f + "train-first1000-images-idx3-ubyte.gz"), idx(f + "test-first5000-images-idx3-ubyte.gz")
    y = idx(f + "test-first5000-labels-idx1-ubyte.gz")
    for net in ("vgg", "inception", "shufflenet", "seresnet", "mobilenet_dilated", "deform_v2"):
        save(out, "fmnist_" + net, norm(tr[:200]), norm(te), y)
    m = idx(f"{data}/images/mnist/test-first5000-images-idx3-ubyte.gz").astype(np.float32)[:, None] / 256
    y = idx(f"{data}/images/mnist/test-first5000-labels-idx1-ubyte.gz")
    save(out, "lenet_mnist", m[:200], m[200:], y[200:])

    names = [r["label"].replace("_", " ") for r in csv.DictReader(open(f"{data}/labels/imagenet_1000.csv"))]
    font = ImageFont.truetype("DejaVuSans.ttf", 30)
    lines, turned = [], []
    for i, s in enumerate(names[:500]):
        w = int(font.getlength(s)) + 12
        im = Image.new("RGB", (w, 48), (250, 250, 250))
        ImageDraw.Draw(im).text((6, 6), s, font=font, fill=(20, 20, 20))
        if i % 2:
            im = im.transpose(Image.ROTATE_180)
        a = (planes(im.resize((min(192, w), 48)))[::-1] / 255 - 0.5) / 0.5
        pad = np.zeros((3, 48, 192), np.float32)
        pad[:, :, :a.shape[2]] = a
        lines.append(pad)
        turned.append(i % 2)
    lines = np.stack(lines)
    save(out, "ppocr_mobile_v2_cls", lines[:100], lines[100:], turned[100:])

    grey = np.stack([np.asarray(im.convert("L").crop(((im.width - 128) // 2, (im.height - 128) // 2, (im.width - 128) // 2 + 128,
                     (im.height - 128) // 2 + 128)).resize((64, 64), Image.BILINEAR), np.float32)[None] for im in imgs])
    x = (grey / 255 - 0.5) * 2
    save(out, "mini_xception_emotion", x[cal], x[~cal][:200])

    photos = [Image.open(f"{data}/images/misc/grace_hopper.jpg").convert("RGB"), Image.open(f"{data}/images/det/fastestdet_3.jpg").convert("RGB")]

    def sized(ims, w, h):
        return np.stack([planes(im.resize((w, h), Image.BILINEAR)) for im in ims])

    ev = [im for im, t in zip(imgs, two) if t] + photos
    ca = [im for im, t in zip(imgs, cal) if t]
    for net in ("ultraface_rfb_320", "ultraface_rfb_320_simplified"):
        save(out, net, (sized(ca, 320, 240) - 127) / 128, (sized(ev, 320, 240) - 127) / 128)
    save(out, "fastestdet_coco", sized(ca, 352, 352)[:, ::-1] / 255, sized(ev, 352, 352)[:, ::-1] / 255)

    sig = np.fromfile(f"{data}/audio/test_signal_8192.f32", "<f4")

    def wav(name):
        return np.frombuffer(open(f"{data}/audio/{name}", "rb").read()[44:], "<i2").astype(np.float32) / 32768

    pieces = [w[i:i + 8192] for w in (wav("yes_1000ms.wav"), wav("no_1000ms.wav")) for i in range(0, len(w) - 8191, 4000)]
    for net in ("wavenetva_ts7", "wavenetva_muff"):
        save(out, net, np.stack([sig] + pieces)[:, None], sig[None, None])


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])
