#!/usr/bin/env python3
"""Writes small files as NumPy, Pillow and Python's wave module write them, and what
they hold, for the tests of internal/npy and internal/dataset.

    pip install numpy pillow
    python3 tools/vectors/dataset.py internal/npy/testdata internal/dataset/testdata
"""
import os, struct, sys, wave
import numpy as np
from PIL import Image

DTYPES = ["f2", "f4", "f8", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8"]


def write_npy(dst):
    """Arrays of shape [2, 3] with the values -2 to 3, or 0 to 5 when unsigned."""
    out = {}
    for code in DTYPES:
        values = (np.arange(6) - (0 if code[0] == "u" else 2)).reshape(2, 3)
        for order, name in [("<", "little"), (">", "big")]:
            a = values.astype(order + code)
            out[f"{name}-{code}"], out[f"{name}-{code}-fortran"] = a, np.asfortranarray(a)
    out["bool"] = np.array([[True, False, True]])
    out["scalar"] = np.float32(7.5)
    out["empty"] = np.zeros((0, 4), np.float32)
    out["cube"] = np.asfortranarray(np.arange(24, dtype=np.int32).reshape(2, 3, 4))
    out["large"] = np.array([2**63 - 1, 2**63], np.uint64)
    out["strings"] = np.array(["a", "bc"])
    out["objects"] = np.array([{}, None], dtype=object)
    out["complex"] = np.zeros(2, np.complex64)
    out["record"] = np.zeros(2, [("a", "<i4"), ("b", "<f4")])
    np.savez(os.path.join(dst, "stored.npz"), **out)
    np.savez_compressed(os.path.join(dst, "deflated.npz"), **out)
    np.save(os.path.join(dst, "array.npy"), out["big-i4"])


def picture(w, h, channels):
    """Noise on slopes, from integers only."""
    y, x, c = np.meshgrid(np.arange(h), np.arange(w), np.arange(channels), indexing="ij")
    noise = (x * 37 + y * 91 + c * 53 + x * y * 7) % 97
    return ((x * 140 // w + y * 60 // h * (c + 1) // 2 + noise) % 256).astype(np.uint8)


def write_resize(dst):
    rgb = Image.fromarray(picture(61, 47, 3))
    rgb.save(os.path.join(dst, "noise.png"))
    out = {}
    for w, h in [(17, 5), (80, 60), (61, 20), (1, 1), (7, 47), (62, 48), (60, 46), (61, 90), (90, 47)]:  # none where Pillow 13 goes down first
        for mode in ["RGB", "L"]:
            out[f"{mode}_{w}x{h}"] = np.asarray(rgb.convert(mode).resize((w, h), Image.BILINEAR))
    # torchvision's Resize(short) and CenterCrop(crop), on sizes odd and even.
    for w, h, short, crop in [(61, 47, 32, 24), (47, 61, 32, 27), (61, 40, 40, 35), (59, 47, 33, 32), (58, 47, 47, 46), (61, 61, 20, 13)]:
        img = rgb.crop((0, 0, w, h)) if h <= 47 else rgb.resize((w, h), Image.NEAREST)
        img.save(os.path.join(dst, f"short-{w}x{h}.png"))
        nw, nh = (short, int(short * h / w)) if w < h else (int(short * w / h), short)
        img = img.resize((nw, nh), Image.BILINEAR)
        left, top = int(round((nw - crop) / 2.0)), int(round((nh - crop) / 2.0))
        out[f"short-{w}x{h}_{short}_{crop}"] = np.asarray(img.crop((left, top, left + crop, top + crop)))
    np.savez_compressed(os.path.join(dst, "resize.npz"), **out)


def write_formats(dst):
    out = {}

    def save(name, img, want=None, **how):
        img.save(os.path.join(dst, name), **how)
        img = Image.open(os.path.join(dst, name))
        out[name] = np.asarray(img.convert("RGB")) if want is None else want

    w, h = 13, 9
    rgb = Image.fromarray(picture(w, h, 3))
    gray = Image.fromarray(picture(w, h, 1)[:, :, 0])
    rgba = Image.fromarray(picture(w, h, 4))
    save("rgb.png", rgb)
    save("rgb.bmp", rgb)
    save("rgb.webp", rgb, lossless=True)
    save("gray.png", gray)
    save("gray.bmp", gray)
    save("gray.jpg", gray, quality=95)
    save("rgba.png", rgba)
    save("rgba.webp", rgba, lossless=True, exact=True)
    save("gray-alpha.png", Image.merge("LA", [gray, gray.point(lambda v: 255 - v)]))
    save("palette.png", rgb.quantize(16))
    save("palette.gif", rgb.quantize(16))
    save("bits.png", gray.convert("1"))
    save("rgb.jpg", rgb.resize((48, 32), Image.BILINEAR), quality=95, subsampling=0)
    save("subsampled.jpg", rgb.resize((48, 32), Image.BILINEAR), quality=95)
    deep = picture(w, h, 1)[:, :, 0].astype(np.uint16) * 256 + 77
    save("gray16.png", Image.fromarray(deep), np.repeat((deep >> 8).astype(np.uint8)[:, :, None], 3, 2))
    np.savez_compressed(os.path.join(dst, "formats.npz"), **out)


def write_wav(dst):
    """0, a slope up, the extremes; the right channel is the left one halved."""
    t = [0.0, 0.25, 0.5, -0.5, -1.0, 1.0]
    for width, bits in [(1, 8), (2, 16), (3, 24), (4, 32)]:
        for channels in [1, 2]:
            frames = b""
            for v in t:
                for c in range(channels):
                    full = 1 << (bits - 1)
                    q = max(-full, min(full - 1, int(v * full) // (c + 1)))
                    if width == 1:
                        frames += struct.pack("B", q + 128)
                    else:
                        frames += struct.pack("<q", q)[:width]
            with wave.open(os.path.join(dst, f"{bits}bit-{channels}ch.wav"), "wb") as f:
                f.setnchannels(channels)
                f.setsampwidth(width)
                f.setframerate(16000)
                f.writeframes(frames)
    data = struct.pack("<6f", *t)
    fmt = struct.pack("<HHIIHH", 3, 1, 16000, 64000, 4, 32)
    body = b"WAVEfmt " + struct.pack("<I", len(fmt)) + fmt + b"data" + struct.pack("<I", len(data)) + data
    with open(os.path.join(dst, "float.wav"), "wb") as f:
        f.write(b"RIFF" + struct.pack("<I", len(body)) + body)


def main(npy, dataset):
    for d in (npy, dataset):
        os.makedirs(d, exist_ok=True)
    write_npy(npy)
    write_resize(dataset)
    write_formats(dataset)
    write_wav(dataset)


if __name__ == "__main__":
    main(*sys.argv[1:])
