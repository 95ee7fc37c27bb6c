"""The Keras DCGAN's turn in TensorFlow, compiled into one tf.function.

    pip install tensorflow-cpu
    python benches/peers/tensorflow_steps.py

A turn: noise drawn, D's step on a joined batch, G's step. Two threads. Prints one JSON object a line,
with the rows of our bench `dcgan_step`.
"""

import os

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import tensorflow as tf
from tensorflow.keras import layers

from shapes import KERAS_BATCHES, KERAS_DCGAN
from timing import report, seconds


def players():
    generator = tf.keras.Sequential([
        layers.Input((100,)),
        layers.Dense(1024, activation="tanh"),
        layers.Dense(6272), layers.BatchNormalization(), layers.Activation("tanh"),
        layers.Reshape((7, 7, 128)),
        layers.UpSampling2D(2), layers.Conv2D(64, 5, padding="same", activation="tanh"),
        layers.UpSampling2D(2), layers.Conv2D(1, 5, padding="same", activation="tanh"),
    ])
    discriminator = tf.keras.Sequential([
        layers.Input((28, 28, 1)),
        layers.Conv2D(64, 5, padding="same", activation="tanh"), layers.MaxPooling2D(2),
        layers.Conv2D(128, 5, activation="tanh"), layers.MaxPooling2D(2),
        layers.Flatten(), layers.Dense(1024, activation="tanh"), layers.Dense(1),
    ])
    for model, parameters in ((generator, 6_751_233), (discriminator, 3_485_441)):
        found = sum(int(tf.size(w)) for w in model.trainable_variables)
        assert found == parameters, f"{found} parameters instead of {parameters}"
    return generator, discriminator


def game(batch):
    generator, discriminator = players()
    optimisers = []
    for model in (generator, discriminator):
        sgd = tf.keras.optimizers.SGD(5e-4, momentum=0.9, nesterov=True)
        sgd.build(model.trainable_variables)
        optimisers.append(sgd)
    bce = tf.keras.losses.BinaryCrossentropy(from_logits=True)
    ones = tf.ones((batch, 1))
    labels = tf.concat([ones, tf.zeros((batch, 1))], 0)
    images = tf.random.uniform((batch, 28, 28, 1), -1, 1)

    @tf.function
    def turn():
        made = generator(tf.random.uniform((batch, 100), -1, 1), training=False)
        with tf.GradientTape() as tape:
            loss_d = bce(labels, discriminator(tf.concat([images, made], 0), training=True))
        weights = discriminator.trainable_variables
        optimisers[1].apply_gradients(zip(tape.gradient(loss_d, weights), weights))
        noise = tf.random.uniform((batch, 100), -1, 1)
        with tf.GradientTape() as tape:
            loss_g = bce(ones, discriminator(generator(noise, training=True), training=True))
        weights = generator.trainable_variables
        optimisers[0].apply_gradients(zip(tape.gradient(loss_g, weights), weights))
        return loss_d

    return turn


def main():
    tf.config.threading.set_intra_op_parallelism_threads(2)
    for batch in KERAS_BATCHES:
        tf.random.set_seed(0)
        turn = game(batch)
        first, *later = [float(turn()) for _ in range(6)]
        assert min(later) < first, f"D's loss went from {first} to {later}"
        report("tensorflow, tf.function", KERAS_DCGAN.format(batch), seconds(lambda: turn().numpy(), 0.2))


main()
