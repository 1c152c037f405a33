"""The table of hostile inputs: each case is a function that breaks one thing, with what smelt must say about it."""

import sound_model as sound

CASES = []

BUILDS = "-builds-"  # the input is sound: smelt must accept it
NO_CRASH = "-no-crash-"  # either a program or a clean error is right


def case(expect):
    """Registers a function of the case's folder. It may return what smelt is given; else that is the folder itself.

    expect: an extended regular expression for the error line, upper and lower case alike, or one of the two above.
    """

    def register(function):
        CASES.append((function.__name__, expect, function))
        return function

    return register


def model_case(expect):
    """Registers a function that edits a sound ModelProto; the rest of the folder is sound."""

    def register(edit):
        def write(folder):
            model = sound.sound_model()
            edit(model)
            sound.write_folder(folder, model)

        write.__name__ = edit.__name__
        return case(expect)(write)

    return register


def node_called(model, name):
    return next(node for node in model.graph.node if node.name == name)


def initializer_called(model, name):
    return next(tensor for tensor in model.graph.initializer if tensor.name == name)


def put_in_joint(model, *nodes, initializers=()):
    """Replaces the Identity between `embedded` and `hidden` by nodes, the last of which makes `hidden`."""
    at = list(model.graph.node).index(node_called(model, "/joint"))
    rest = list(model.graph.node)
    del model.graph.node[:]
    model.graph.node.extend(rest[:at] + list(nodes) + rest[at + 1 :])
    model.graph.initializer.extend(initializers)
