#!/usr/bin/env python3
"""Exports blocks of convolutional networks from TensorFlow and Keras:

    tf_blocks.py OUT

Names are BLOCK/tf2onnx (a function), BLOCK/keras-tf2onnx (a Keras model through
tf2onnx) and BLOCK/keras-export (Keras 3's own export), -N in opset N, -nchw with
the inputs and outputs that tf2onnx was asked to give in PyTorch's order.
"""
import contextlib, io, logging, os, sys, warnings

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")
import numpy as np
import tensorflow as tf
import keras
import tf2onnx
from keras import layers as L
from common import Store, data, grid, rng

warnings.filterwarnings("ignore")
logging.disable(logging.WARNING)
store = Store(sys.argv[1])
X = (1, 9, 10, 8)


def seed(m):
    seen = {}
    for v in m.weights:
        s, k = v.shape, v.path.split("/")[-1]
        fan = max(1, int(np.prod(s[:-1])))
        if k in ("seed_generator_state",) or not str(v.dtype).startswith("float"):
            continue
        like = "%s %s" % (s, k)
        seen[like] = seen.get(like, 0) + 1
        r = rng("%s %d" % (like, seen[like]))
        if "variance" in k:
            v.assign(grid(0.5 + r.random(s), 1 / 16))
        elif k == "alpha":
            v.assign(grid(r.random(s) / 2, 1 / 64))
        elif k == "gamma":
            v.assign(grid(0.75 + r.random(s) / 2, 1 / 16))
        elif len(s) > 1:
            v.assign(grid(r.normal(size=s) * (1.5 / fan) ** 0.5, 1 / 64))
        else:
            v.assign(grid(r.normal(size=s) * 0.2, 1 / 64))


def keras_block(name, f, shape=X, ways="keras-tf2onnx keras-export", scale=1.0):
    """f takes a Keras tensor and returns one, or several."""
    x = data(*shape, scale=scale)
    i = keras.Input(shape[1:], batch_size=1 if "static" in ways else None, name="x")
    m = keras.Model(i, f(i))
    seed(m)
    for way in ways.split():
        w, _, v = way.partition("@")
        if w == "static":
            continue
        n = int(v) if v else 15

        def export(path):
            with contextlib.redirect_stdout(io.StringIO()):
                if w == "keras-export":
                    m.export(path, format="onnx", verbose=False)
                else:
                    kw = dict(inputs_as_nchw=["x"]) if "nchw" in w else {}
                    spec = [tf.TensorSpec([None] + list(shape[1:]), tf.float32, name="x")]
                    if "nchw" in w:
                        kw["outputs_as_nchw"] = ["Identity:0"]
                    fn = tf.function(lambda x: m(x, training=False), input_signature=spec)
                    if "nchw" in w:
                        fn = tf.function(lambda x: tf.identity(m(x, training=False), name="out"), input_signature=spec)
                        kw["outputs_as_nchw"] = ["out:0"]
                    tf2onnx.convert.from_function(fn, spec, opset=n, output_path=path, **kw)

        given = [x.transpose(0, 3, 1, 2).copy()] if "nchw" in w else [x]
        store.attempt("%s/%s" % (name, w + ("-" + v if v else "")), export, given)


def tf_block(name, f, *shapes, ways="tf2onnx", scale=1.0):
    """f takes tensors; spec shapes are static."""
    xs = [data(*s, which=i, scale=scale) for i, s in enumerate(shapes or [X])]
    spec = [tf.TensorSpec(s.shape, tf.float32, name="xyz"[i]) for i, s in enumerate(xs)]
    for way in ways.split():
        w, _, v = way.partition("@")

        def export(path):
            with contextlib.redirect_stdout(io.StringIO()):
                tf2onnx.convert.from_function(tf.function(f, input_signature=spec), spec, opset=int(v) if v else 15, output_path=path)

        store.attempt("%s/%s" % (name, w + ("-" + v if v else "")), export, xs)


def weights(name, *shape):
    fan = int(np.prod(shape[:-1]))
    return tf.constant(grid(rng(name).normal(size=shape) * (1.5 / fan) ** 0.5, 1 / 64))


conv = lambda o, k=3, s=1, p="same", **kw: L.Conv2D(o, k, s, p, **kw)
ALL = "keras-tf2onnx keras-tf2onnx@11 keras-tf2onnx-nchw keras-export"


def seq(*layers):
    def f(x):
        for l in layers:
            x = l(x)
        return x

    return f


def keras_blocks():
    keras_block("conv_bn_relu", seq(conv(12, use_bias=False), L.BatchNormalization(), L.ReLU()), ways=ALL)
    keras_block("conv_bias_bn_relu6", seq(conv(12, s=2), L.BatchNormalization(), L.ReLU(6.0)), ways=ALL)
    keras_block("conv_bn_leaky", seq(conv(12, use_bias=False), L.BatchNormalization(), L.LeakyReLU(0.1)))
    keras_block("conv_bn_prelu", seq(conv(12, use_bias=False), L.BatchNormalization(), L.PReLU(shared_axes=[1, 2], alpha_initializer=keras.initializers.Constant(0.25))), ways="keras-tf2onnx")
    keras_block("prelu_full", seq(conv(4), L.PReLU()), ways="keras-tf2onnx keras-export")
    keras_block("depthwise_bn", seq(L.DepthwiseConv2D(3, padding="same", use_bias=False), L.BatchNormalization(), L.ReLU(6.0)), ways=ALL)
    keras_block("depthwise_multiplier", seq(L.DepthwiseConv2D(3, padding="same", depth_multiplier=2), L.BatchNormalization()))
    keras_block("depthwise_stride", seq(L.DepthwiseConv2D(3, 2, padding="same"), L.ReLU()))
    keras_block("separable", seq(L.SeparableConv2D(12, 3, padding="same"), L.BatchNormalization(), L.Activation("relu")), ways=ALL)
    keras_block("conv_relu_bn", seq(conv(12), L.ReLU(), L.BatchNormalization()))
    keras_block("bn_conv", seq(L.BatchNormalization(), conv(12, 1)))
    keras_block("bn_conv_valid", seq(L.BatchNormalization(), conv(12, p="valid")))
    keras_block("bn_conv_same", seq(L.BatchNormalization(), conv(12)))
    keras_block("bn_relu_conv", seq(L.BatchNormalization(), L.ReLU(), conv(12)))
    keras_block("deconv_bn", seq(L.Conv2DTranspose(6, 3, 2, padding="same", use_bias=False), L.BatchNormalization(), L.ReLU()), ways=ALL)
    keras_block("deconv_valid", L.Conv2DTranspose(6, 4, 2))
    keras_block("conv1d_bn", seq(L.Conv1D(8, 3, padding="same", use_bias=False), L.BatchNormalization(), L.ReLU(), L.MaxPooling1D(2)), (1, 20, 6))
    keras_block("causal_1d", lambda x: x + L.Conv1D(8, 1)(L.Conv1D(8, 3, padding="causal", dilation_rate=2, activation="tanh")(x)), (1, 24, 8))
    keras_block("linear_bn", seq(L.Dense(12, use_bias=False), L.BatchNormalization(), L.ReLU(), L.Dense(5)), (1, 20))
    keras_block("rescaled_input", seq(L.Rescaling(1 / 127.5, offset=-1), conv(8, s=2, p="valid")), (1, 11, 11, 3), scale=60)
    keras_block("normalized_input", seq(L.Normalization(mean=[0.5, 0.25, 0.125], variance=[0.25, 0.0625, 0.25]), conv(8, s=2, p="valid")), (1, 11, 11, 3))
    for name, a in [("hard_swish", "hard_swish"), ("silu", "silu"), ("mish", "mish"), ("gelu", "gelu"), ("elu", "elu"), ("tanh", "tanh"), ("sigmoid", "sigmoid"), ("softplus", "softplus"),
                    ("hard_sigmoid", "hard_sigmoid"), ("relu6", "relu6")]:
        keras_block(name, seq(conv(8), L.Activation(a)), scale=2 if "hard" in name else 1, ways=ALL if name in ("hard_swish", "silu", "relu6") else "keras-tf2onnx keras-export")
    keras_block("gelu_tanh", seq(conv(8), L.Lambda(lambda x: keras.ops.gelu(x, approximate=True))), ways="keras-tf2onnx")
    keras_block("hard_swish_relu6", lambda x: (lambda y: L.Multiply()([y, L.Rescaling(1 / 6)(L.ReLU(6.0)(L.Rescaling(1.0, 3.0)(y)))]))(conv(8)(x)), scale=2, ways=ALL)
    keras_block("hard_sigmoid_relu6", lambda x: L.ReLU(6.0)(conv(8)(x) + 3.0) * (1.0 / 6.0), scale=2)
    c = lambda: conv(16, use_bias=False)
    sq = lambda x, keep: L.GlobalAveragePooling2D(keepdims=keep)(x)

    def se_dense(x, gate="sigmoid", mid="relu"):
        y = c()(x)
        s = L.Reshape((1, 1, 16))(sq(y, False))
        return L.Multiply()([y, L.Dense(16, gate)(L.Dense(4, mid)(s))])

    def se_dense_late(x):
        y = c()(x)
        s = L.Dense(16, "sigmoid")(L.Dense(4, "relu")(sq(y, False)))
        return y * L.Reshape((1, 1, 16))(s)

    def se_conv(x, gate="sigmoid", mid="relu"):
        y = c()(x)
        return L.Multiply()([y, conv(16, 1, activation=gate)(conv(4, 1, activation=mid)(sq(y, True)))])

    def se_hard(x):
        y = c()(x)
        s = conv(16, 1)(conv(4, 1, activation="relu")(sq(y, True)))
        return L.Multiply()([y, L.ReLU(6.0)(s + 3.0) * (1.0 / 6.0)])

    keras_block("se_linear", se_dense, ways=ALL)
    keras_block("se_linear_reshape", se_dense_late, ways=ALL)
    keras_block("se_conv", se_conv, ways=ALL)
    keras_block("se_hard", se_hard, ways=ALL)
    keras_block("se_silu", lambda x: se_conv(x, mid="silu"))
    keras_block("se_hard_sigmoid", lambda x: se_conv(x, gate="hard_sigmoid"))
    keras_block("residual", lambda x: L.ReLU()(L.Add()([x, conv(8)(L.ReLU()(conv(8)(x)))])), ways=ALL)
    keras_block("inception", lambda x: L.Concatenate()([conv(4, 1, activation="relu")(x), conv(6, activation="relu")(x), conv(3, 1)(L.MaxPooling2D(3, 1, "same")(x)), L.AveragePooling2D(3, 1, "same")(x)]), ways=ALL)
    keras_block("inverted_residual", lambda x: x + seq(conv(24, 1, use_bias=False), L.BatchNormalization(), L.ReLU(6.0), L.DepthwiseConv2D(3, padding="same", use_bias=False), L.BatchNormalization(), L.ReLU(6.0),
                                                       conv(8, 1, use_bias=False), L.BatchNormalization())(x), ways=ALL)
    keras_block("pad_conv_uneven", seq(L.ZeroPadding2D(((0, 1), (0, 1))), conv(8, s=2, p="valid")), ways=ALL)
    keras_block("pad_depthwise", seq(L.ZeroPadding2D(((0, 1), (0, 1))), L.DepthwiseConv2D(3, 2)))
    keras_block("dilated", seq(conv(8, dilation_rate=2), L.ReLU()), ways=ALL)
    keras_block("dilated_depthwise", seq(L.DepthwiseConv2D(3, padding="same", dilation_rate=2)))
    keras_block("pool_same", seq(conv(8), L.MaxPooling2D(3, 2, "same"), L.AveragePooling2D(2, 2, "same")))
    keras_block("nearest_x2", seq(conv(8), L.UpSampling2D(2), conv(6, 1)), ways=ALL)
    keras_block("bilinear_x2", seq(conv(8), L.UpSampling2D(2, interpolation="bilinear"), conv(6, 1)))
    keras_block("flatten_linear", seq(conv(4, s=2), L.Flatten(), L.Dense(16, "relu"), L.Dense(5)), ways=ALL)
    keras_block("gap_linear", seq(conv(16), L.GlobalAveragePooling2D(), L.Dropout(0.2), L.Dense(5)), ways=ALL[: ALL.index("keras-tf2onnx-nchw")] + "keras-export")
    keras_block("gap_softmax", seq(conv(16), L.GlobalAveragePooling2D(), L.Dense(5, activation="softmax")))
    keras_block("softmax_channels", seq(conv(5), L.Softmax()), ways=ALL)
    keras_block("shuffle", seq(conv(12, 1), L.Reshape((9, 10, 3, 4)), L.Permute((1, 2, 4, 3)), L.Reshape((9, 10, 12)), L.DepthwiseConv2D(3, padding="same"), conv(8, 1)), ways="keras-tf2onnx keras-tf2onnx-nchw keras-export")
    keras_block("crop", seq(conv(8), L.Cropping2D(((1, 2), (0, 3)))))
    keras_block("grouped_conv", seq(conv(12, groups=4, use_bias=False)), ways="keras-tf2onnx keras-export")
    keras_block("detect_head", seq(conv(14, 1), L.Reshape((9, 10, 2, 7)), L.Activation("sigmoid")))
    keras_block("two_outputs", lambda x: (lambda y: [conv(4)(y), y])(conv(8, activation="relu")(x)))


def tf_blocks():
    w = lambda o=8, i=8, k=3: weights("w%d%d%d" % (o, i, k), k, k, i, o)
    c = lambda x, s=1, p="SAME", **kw: tf.nn.conv2d(x, w(), s, p, **kw)
    tf_block("space_to_batch", lambda x: tf.nn.relu(tf.batch_to_space(tf.nn.conv2d(tf.space_to_batch(x, [2, 2], [[2, 3], [2, 2]]), w(), 1, "VALID"), [2, 2], [[0, 1], [0, 0]])), ways="tf2onnx tf2onnx@11")
    tf_block("space_to_batch_bias", lambda x: tf.nn.relu(tf.batch_to_space(tf.nn.conv2d(tf.space_to_batch(x, [2, 2], [[2, 3], [2, 2]]), w(), 1, "VALID"), [2, 2], [[0, 1], [0, 0]]) + weights("b", 1, 8)[0]))
    tf_block("atrous", lambda x: tf.nn.relu(tf.nn.atrous_conv2d(x, w(), 2, "SAME")))
    tf_block("space_to_batch_depthwise", lambda x: tf.batch_to_space(tf.nn.depthwise_conv2d(tf.space_to_batch(x, [2, 2], [[2, 3], [2, 2]]), weights("dw", 3, 3, 8, 1), [1, 1, 1, 1], "VALID"), [2, 2], [[0, 1], [0, 0]]))
    tf_block("tf_hard_swish", lambda x: (lambda y: y * tf.nn.relu6(y + 3) * 0.16666667)(c(x)), scale=2)
    tf_block("tf_hard_swish_div", lambda x: (lambda y: y * (tf.nn.relu6(y + np.float32(3)) / np.float32(6)))(c(x)), scale=2)
    tf_block("tf_swish", lambda x: tf.nn.silu(c(x)))
    tf_block("tf_leaky", lambda x: tf.nn.leaky_relu(c(x), 0.2))
    tf_block("tf_leaky_max", lambda x: (lambda y: tf.maximum(y, 0.2 * y))(c(x)))
    tf_block("tf_se_mean", lambda x: (lambda y: y * tf.sigmoid(tf.nn.conv2d(tf.nn.relu(tf.nn.conv2d(tf.reduce_mean(y, [1, 2], keepdims=True), w(4, 8, 1), 1, "SAME")), w(8, 4, 1), 1, "SAME")))(c(x)))
    tf_block("tf_se_matmul", lambda x: (lambda y: y * tf.reshape(tf.sigmoid(tf.matmul(tf.nn.relu(tf.matmul(tf.reduce_mean(y, [1, 2]), weights("m1", 8, 4))), weights("m2", 4, 8))), [-1, 1, 1, 8]))(c(x)))
    tf_block("tf_split_concat", lambda x: (lambda p: tf.concat([p[0], c(tf.concat([p[1], p[1]], 3))], 3))(tf.split(c(x), 2, 3)))
    tf_block("tf_shuffle", lambda x: tf.nn.depthwise_conv2d(tf.reshape(tf.transpose(tf.reshape(c(x), [-1, 9, 10, 2, 4]), [0, 1, 2, 4, 3]), [-1, 9, 10, 8]), weights("dw", 3, 3, 8, 1), [1, 1, 1, 1], "SAME"))
    tf_block("tf_gather_channels", lambda x: tf.nn.depthwise_conv2d(tf.gather(c(x), [0, 4, 1, 5, 2, 6, 3, 7], axis=3), weights("dw", 3, 3, 8, 1), [1, 1, 1, 1], "SAME"))
    tf_block("tf_stack_shuffle", lambda x: (lambda p, q: c(tf.reshape(tf.stack([p, q], 4), [1, 9, 10, 8])))(*tf.split(c(x), 2, 3)))
    tf_block("tf_pad_reflect", lambda x: tf.nn.conv2d(tf.pad(x, [[0, 0], [1, 1], [1, 1], [0, 0]], "REFLECT"), w(), 1, "VALID"))
    tf_block("tf_pad_symmetric", lambda x: tf.nn.conv2d(tf.pad(x, [[0, 0], [1, 1], [1, 1], [0, 0]], "SYMMETRIC"), w(), 1, "VALID"))
    tf_block("tf_explicit_padding", lambda x: c(x, 2, [[0, 0], [1, 1], [1, 1], [0, 0]]))
    tf_block("tf_bias_add", lambda x: tf.nn.relu(tf.nn.bias_add(c(x), weights("b", 1, 8)[0])))
    tf_block("tf_fused_bn", lambda x: tf.nn.relu(tf.compat.v1.nn.fused_batch_norm(c(x), np.linspace(0.5, 1.5, 8, dtype=np.float32), np.linspace(-1, 1, 8, dtype=np.float32), mean=np.zeros(8, np.float32), variance=np.ones(8, np.float32), is_training=False)[0]))
    tf_block("tf_moments_bn", lambda x: tf.nn.relu(tf.nn.batch_normalization(c(x), np.full(8, 0.125, np.float32), np.linspace(1, 2, 8, dtype=np.float32), np.linspace(-1, 1, 8, dtype=np.float32), np.linspace(0.5, 1.5, 8, dtype=np.float32), 1e-3)))
    for m in "bilinear", "nearest":
        tf_block("tf_resize_" + m, lambda x: c(tf.image.resize(c(x), [18, 20], m)), ways="tf2onnx tf2onnx@11 tf2onnx@10")
        tf_block("tf_resize_%s_size" % m, lambda x: c(tf.image.resize(c(x), [13, 17], m)))
    v1 = tf.compat.v1.image
    tf_block("tf_resize_v1", lambda x: c(v1.resize_bilinear(c(x), [18, 20])))
    tf_block("tf_resize_v1_corners", lambda x: c(v1.resize_bilinear(c(x), [18, 20], align_corners=True)))
    tf_block("tf_resize_v1_nearest", lambda x: c(v1.resize_nearest_neighbor(c(x), [18, 20])))
    tf_block("tf_resize_v1_nearest_corners", lambda x: c(v1.resize_nearest_neighbor(c(x), [17, 19], align_corners=True)))
    tf_block("tf_resize_cubic", lambda x: c(tf.image.resize(c(x), [18, 20], "bicubic")))
    tf_block("tf_resize_like", lambda x, y: c(tf.image.resize(c(x), tf.shape(y)[1:3])) + c(y), (1, 5, 6, 8), (1, 10, 12, 8))
    tf_block("tf_depth_to_space", lambda x: tf.nn.conv2d(tf.nn.depth_to_space(c(x), 2), w(4, 2), 1, "SAME"))
    tf_block("tf_space_to_depth", lambda x: tf.nn.conv2d(tf.nn.space_to_depth(c(x), 2), w(8, 32, 1), 1, "SAME"), (1, 8, 10, 8))
    tf_block("tf_conv_transpose", lambda x: tf.nn.relu(tf.nn.conv2d_transpose(x, weights("ct", 3, 3, 6, 8), [1, 18, 20, 6], 2, "SAME")))
    tf_block("tf_dense_4d", lambda x: tf.nn.relu(tf.tensordot(c(x), weights("td", 8, 6), 1)))
    tf_block("tf_max_pool_same", lambda x: tf.nn.max_pool2d(c(x), 3, 2, "SAME"))
    tf_block("tf_avg_pool_same", lambda x: tf.nn.avg_pool2d(c(x), 3, 2, "SAME"))
    tf_block("tf_global_pool", lambda x: tf.squeeze(tf.reduce_mean(c(x), [1, 2], keepdims=True), [1, 2]))
    tf_block("tf_strided_slice", lambda x: c(x)[:, 1:-1, ::2, :])
    tf_block("tf_argmax", lambda x: tf.argmax(c(x), -1))
    tf_block("tf_clip", lambda x: tf.clip_by_value(c(x), 0.0, 6.0))
    tf_block("tf_l2_normalize", lambda x: tf.nn.l2_normalize(tf.reduce_mean(c(x), [1, 2]), -1))
    tf_block("tf_prelu", lambda x: (lambda y: tf.nn.relu(y) - 0.25 * tf.nn.relu(-y))(c(x)))
    tf_block("tf_deconv_bias", lambda x: tf.nn.bias_add(tf.nn.conv2d_transpose(x, weights("ct", 4, 4, 6, 8), [1, 18, 20, 6], 2, "SAME"), weights("b6", 1, 6)[0]))


keras_blocks()
tf_blocks()
store.done()
